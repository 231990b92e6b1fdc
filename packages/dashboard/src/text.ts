/** How things read on the page. Text of agents is hostile data: what could hide or reorder it is shown, not obeyed. */

const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/gu

/** Control, bidi and zero-width characters as `\u{…}`; tabs and newlines stay. */
export const visible = (text: string): string => text.replace(invisible, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)

export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h ${Math.floor((seconds % 3_600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3_600)}h`
}

/** How long something took: below a minute to the tenth of a second. */
export const spanOf = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : age(ms))

export const whole = (count: number): string => count.toLocaleString('en')

export function compact(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 1_000_000) return `${(count / 1_000).toFixed(count < 10_000 ? 1 : 0)}k`
  return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 1 : 0)}M`
}

export const dollars = (micros: number): string => (micros === 0 ? '–' : `$${(micros / 1_000_000).toFixed(micros < 10_000_000 ? 3 : 2)}`)
export const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString([], { hour12: false, hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** In the reader's time zone, to the millisecond. */
export function dateTime(ms: number): string {
  const local = ms - new Date(ms).getTimezoneOffset() * 60_000
  return new Date(local).toISOString().replace('T', ' ').slice(0, 23)
}
