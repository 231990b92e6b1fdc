/** Who looks on: readers of both feeds over every transport, and of pages. */
import type { Told } from '../history/history.ts'
import { type Observer, observeEvents } from './events-observer.ts'
import { getJson, readPages } from './pages-reader.ts'
import { readState, type StateReader } from './state-reader.ts'

export interface Observers {
  readonly events: readonly Observer[]
  readonly states: readonly { readonly name: string; readonly reader: StateReader }[]
  close(): Promise<void>
}

const pagesMs = 1_000
const strayMs = 4_000

export async function startObservers(parts: {
  readonly url: string
  /** Past the proxy. */
  readonly serverUrl: string
  readonly tell: (process: string, entry: Told) => void
}): Promise<Observers> {
  const { partitions } = await getJson<{ partitions: number }>(`${parts.serverUrl}/v1/info`)
  const events = (['ws', 'sse', 'poll'] as const).map((transport) =>
    observeEvents({ ...parts, transport, partitions, strayMs: 0, tell: (entry) => parts.tell(`reads-${transport}`, entry) }),
  )
  const stray = observeEvents({ ...parts, transport: 'ws', partitions, strayMs, tell: (entry) => parts.tell('reads-stray', entry) })
  const slow = observeEvents({
    ...parts,
    transport: 'ws',
    partitions,
    strayMs: 0,
    isSlow: true,
    tell: (entry) => parts.tell('reads-slow', entry),
  })
  const states = [
    ...(['ws', 'sse', 'poll'] as const).map((transport) => ({
      name: `state-${transport}`,
      reader: readState(parts.url, transport),
    })),
    { name: 'state-slow', reader: readState(parts.url, 'ws', true) },
  ]
  const pages = readPages(parts.url, pagesMs, (entry) => parts.tell('reads-pages', entry))
  return {
    events: [...events, stray, slow],
    states,
    async close() {
      for (const observer of [...events, stray, slow]) observer.close()
      for (const { reader } of states) reader.close()
      await pages.close()
    },
  }
}
