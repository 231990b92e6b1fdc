/** What is shown, as a file: all of it as JSON, or the points as lines of a table. */
import type { Explored, Point } from './figures.ts'

const names = ['time', 'group', 'calls', 'errors', 'tokens', 'cost_micros', 'p50_ms', 'p95_ms', 'p99_ms', 'events'] as const

/** RFC 4180. A text that a spreadsheet would take for a formula is made one that it does not. */
function field(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function csvOf({ total, groups }: Explored): string {
  const rows = (group: string, points: readonly Point[]) => points.map(([at, ...values]) => [new Date(at).toISOString(), group, ...values])
  const lines = [['time', ...names.slice(1)], ...rows('', total.points), ...groups.flatMap(({ key, points }) => rows(key, points))]
  return lines.map((line) => `${line.map(field).join()}\r\n`).join('')
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
