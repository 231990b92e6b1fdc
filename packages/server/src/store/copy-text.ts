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
