/** What is read of a run is written down page by page: the browser may keep the parts of a file on its disk. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { fetchJson } from '../../live/live.ts'

const pageEvents = 1_000

/** A line an event, in the order of the log. Told after each page how many there are so far. */
export async function eventsOf(
  run: string,
  until: number | undefined,
  signal: AbortSignal,
  tell: (events: number) => void,
): Promise<readonly Blob[]> {
  const parts: Blob[] = []
  let events = 0
  let next: string | null = ''
  while (next !== null) {
    signal.throwIfAborted()
    const query: Record<string, string> = { run, limit: String(pageEvents), ...(next === '' ? {} : { cursor: next }) }
    const page: { readonly items: readonly StoredEvent[]; readonly next: string | null } = await fetchJson(
      `/v1/events?${new URLSearchParams(query)}`,
    )
    const items = until === undefined ? page.items : page.items.filter(({ time }) => Date.parse(time) <= until)
    parts.push(new Blob(items.map((event) => `${JSON.stringify(event)}\n`)))
    events += items.length
    next = page.next
    tell(events)
  }
  return parts
}

/** Lines go into parts of a size that a browser handles well. */
export function blobsOf(lines: Iterable<string>): readonly Blob[] {
  const linesAPart = 5_000
  const parts: Blob[] = []
  let held: string[] = []
  for (const line of lines) {
    held.push(line)
    if (held.length < linesAPart) continue
    parts.push(new Blob(held))
    held = []
  }
  return [...parts, new Blob(held)]
}

export function saveAs(name: string, parts: readonly Blob[], type: string): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
