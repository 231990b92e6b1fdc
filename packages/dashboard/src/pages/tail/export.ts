/** What is shown, as a file: an event a line, as it was stored. */
import type { Line } from './buffer.ts'

export function saveLines(lines: readonly Line[]): void {
  const text = lines.flatMap((line) => (line.kind === 'event' ? [`${JSON.stringify(line.event)}\n`] : []))
  const url = URL.createObjectURL(new Blob(text, { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `events-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.jsonl`
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
