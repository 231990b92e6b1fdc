/**
 * What a filter means: a tree that the parser makes, the page evaluates and the server is asked a part of.
 *
 * `all` and `any` keep it in one form (flat, none of one), so that printing a tree and parsing it again gives the same tree.
 */

/** A value of a field. `*` in it stands for anything, unless it was written in quotes. */
export interface Value {
  readonly text: string
  readonly pattern: boolean
}

export type Comparison = '=' | '>' | '>=' | '<' | '<='

export type Query =
  /** Every part must match; of none: everything does. */
  | { readonly kind: 'all'; readonly of: readonly Query[] }
  | { readonly kind: 'any'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  /** Somewhere in the event, in any case. */
  | { readonly kind: 'text'; readonly text: string }
  /** The field is one of the values. */
  | { readonly kind: 'field'; readonly field: string; readonly values: readonly Value[] }
  /** A figure against one as it was written, with its unit. */
  | { readonly kind: 'compare'; readonly field: string; readonly by: Comparison; readonly written: string }

export const everything: Query = { kind: 'all', of: [] }
export const isEverything = (query: Query): boolean => query.kind === 'all' && query.of.length === 0

function joined(kind: 'all' | 'any', parts: readonly Query[]): Query {
  const of = parts.flatMap((part) => (part.kind === kind ? part.of : [part]))
  const [only] = of
  return only !== undefined && of.length === 1 ? only : { kind, of }
}
export const all = (...parts: readonly Query[]): Query => joined('all', parts)
/** Of at least one. */
export const any = (...parts: readonly Query[]): Query => joined('any', parts)

/** Ends a word that is not in quotes. */
export const endsWord = /[\s()"]/
export const keywords: ReadonlySet<string> = new Set(['or', 'and', 'not'])
/** A word that would be read as a field and its value, or as a figure compared. */
const fieldLike = /^[A-Za-z][\w.-]*(?::|[<>]=?|=)/

const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`

const printText = (text: string) =>
  text === '' || endsWord.test(text) || text.startsWith('-') || keywords.has(text.toLowerCase()) || fieldLike.test(text)
    ? quoted(text)
    : text

const printValue = ({ text, pattern }: Value) =>
  text === '' || endsWord.test(text) || text.includes(',') || (text.includes('*') && !pattern) || /^[<>=]/.test(text) ? quoted(text) : text

/** As one would write it. Parsing it gives the same query. */
export function print(query: Query): string {
  switch (query.kind) {
    case 'all':
      return query.of.map((part) => (part.kind === 'any' ? `(${print(part)})` : print(part))).join(' ')
    case 'any':
      return query.of.map((part) => (part.kind === 'all' ? `(${print(part)})` : print(part))).join(' or ')
    case 'not':
      return `-${query.of.kind === 'all' || query.of.kind === 'any' ? `(${print(query.of)})` : print(query.of)}`
    case 'text':
      return printText(query.text)
    case 'field':
      return `${query.field}:${query.values.map(printValue).join(',')}`
    case 'compare':
      return `${query.field}${query.by}${query.written}`
  }
}
