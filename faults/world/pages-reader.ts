/** Readers of `GET /v1/events`: now and then while faults strike, and once from end to end. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Told } from '../history/history.ts'
import { placeOf } from './events-observer.ts'
import { sleep } from './sender.ts'

const patienceMs = 15_000

export async function getJson<T>(url: string, patience = patienceMs): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(patience) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`)
  return (await response.json()) as T
}

interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** All pages of a list. `path` has its parameters but `limit` and `cursor`. */
export async function* pagesOf<T>(url: string, path: string): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null
  do {
    const query: string = `limit=1000${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    const page: Page<T> = await getJson<Page<T>>(`${url}${path}${path.includes('?') ? '&' : '?'}${query}`)
    yield page.items
    cursor = page.next
  } while (cursor !== null)
}

export function readPages(url: string, everyMs: number, tell: (entry: Told) => void): { close(): Promise<void> } {
  let going = true
  async function run() {
    while (going) {
      await sleep(everyMs)
      if (!going) break
      tell({ op: 'observe', type: 'invoke', transport: 'pages', after: null })
      try {
        const { items } = await getJson<Page<StoredEvent>>(`${url}/v1/events?limit=200`)
        tell({ op: 'observe', type: 'ok', places: items.map(placeOf) })
      } catch (error) {
        tell({ op: 'observe', type: 'info', error: String(error) })
      }
    }
  }
  const running = run()
  return {
    async close() {
      going = false
      await running
    },
  }
}
