/** SQL text and COPY's lines, read back. */

/** Statements of one message; a `;` within quotes is none. */
export function statementsOf(text: string): string[] {
  const statements: string[] = []
  let begin = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "'") isQuoted = !isQuoted
    else if (text[at] === ';' && !isQuoted) {
      statements.push(text.slice(begin, at).trim())
      begin = at + 1
    }
  }
  statements.push(text.slice(begin).trim())
  return statements.filter((statement) => statement !== '')
}

/** Arguments of `call name(…)` or `execute name(…)`: numbers and quoted texts, as text. */
export function argumentsOf(statement: string): string[] {
  const found = statement.slice(statement.indexOf('(')).matchAll(/E?'((?:[^']|'')*)'|(-?\d+)/g)
  return [...found].map(([, quoted, number]) => quoted?.replaceAll("''", "'") ?? number ?? '')
}

/** An array literal. */
export function arrayIn(text: string): (string | null)[] {
  const found = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^",]+)/g)
  return [...found].map(([, quoted, bare]) => quoted?.replace(/\\(.)/g, '$1') ?? (bare === 'NULL' ? null : (bare ?? '')))
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' }

/** Lines of COPY's text format, by column. */
export function linesOf(bytes: Buffer, columns: readonly string[]): Record<string, string | null>[] {
  return bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t').map((value) => (value === '\\N' ? null : value.replace(/\\(.)/g, (_, c: string) => escapes[c] ?? c)))
      return Object.fromEntries(columns.map((column, i) => [column, values[i] ?? null]))
    })
}
