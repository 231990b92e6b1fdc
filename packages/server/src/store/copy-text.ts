/** COPY's text format and array literals. */
const special = /[\\\t\n\r]/
const everySpecial = /[\\\t\n\r]/g
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

export const escaped = (text: string) => (special.test(text) ? text.replace(everySpecial, (found) => escapes[found] ?? found) : text)
export const orNull = (text: string | null | undefined) => (text == null ? '\\N' : escaped(text))

const everyEscape = /\\([\\tnr])/g
const plains: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r' }
/** The way back. */
export const plainOrNull = (text: string): string | null =>
  text === '\\N' ? null : text.includes('\\') ? text.replace(everyEscape, (_, found: string) => plains[found] ?? found) : text

/** An array as an SQL literal; \ is no escape in one (standard_conforming_strings). */
export const arrayOf = (values: readonly (string | number | null)[]) =>
  `'{${values.map((value) => (typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&').replaceAll("'", "''")}"` : (value ?? 'NULL'))).join()}}'`

/** Of many small lines; what needs more gets its own. */
const scratch = Buffer.allocUnsafeSlow(1024 * 1024)
const mostBytesAUnit = 3

/**
 * Lines, one after the other, each made bytes when it is there: all of them as one text are a rope of as many pieces, and the quick
 * collection that its making brings about, one of seven, copies it (measured).
 */
export function bytesOf<T>(items: readonly T[], lineOf: (item: T) => string): Buffer {
  let held = scratch
  let end = 0
  for (const item of items) {
    const line = lineOf(item)
    const most = end + line.length * mostBytesAUnit
    if (most > held.length) {
      const larger = Buffer.allocUnsafeSlow(2 * most)
      held.copy(larger, 0, 0, end)
      held = larger
    }
    end += held.write(line, end)
  }
  return Buffer.from(held.subarray(0, end))
}
