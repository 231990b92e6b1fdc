/** What one may go on to write at the caret. */
import { figureFields, isDataField, isFigureField, isTextField, kinds, textFields } from './fields.ts'
import { print, type Value } from './query.ts'

export interface Known {
  /** Values of a field that have been seen or are known, the likeliest first. */
  values(field: string): readonly string[]
  /** Fields of `data` that have been seen, as `data.model`. */
  dataFields(): readonly string[]
}

export interface Option {
  /** What stands in the list. */
  readonly label: string
  readonly about: string
  /** The whole text when it is taken, and where the caret is then. */
  readonly text: string
  readonly caret: number
}

const mostOptions = 12

/** Where the term at the caret begins: behind a space, a bracket or a minus that is not in quotes. */
function termStart(text: string, caret: number): number {
  let start = 0
  let isQuoted = false
  for (let i = 0; i < caret; i += 1) {
    const char = text[i] ?? ''
    if (char === '\\' && isQuoted) i += 1
    else if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted && (/[\s()]/.test(char) || (char === '-' && i === start))) start = i + 1
  }
  return start
}

/** Those that begin with it first, then those that have it inside; in the order they came. */
function matching<T>(items: readonly T[], textOf: (item: T) => string, typed: string): readonly T[] {
  const sought = typed.toLowerCase()
  const begins: T[] = []
  const has: T[] = []
  for (const item of items) {
    const found = textOf(item).toLowerCase().indexOf(sought)
    if (found === 0) begins.push(item)
    else if (found > 0) has.push(item)
  }
  return [...begins, ...has].slice(0, mostOptions)
}

const written = (value: Value) => print({ kind: 'field', field: '', values: [value] }).slice(1)

/** `all`: also where nothing has been typed yet. */
export function complete(text: string, caret: number, known: Known, all = false): readonly Option[] {
  const start = termStart(text, caret)
  const term = text.slice(start, caret)
  const rest = text.slice(caret)
  const put = (label: string, about: string, from: number, insert: string): Option => {
    const after = insert.endsWith(':') || rest.startsWith(' ') ? rest : ` ${rest}`
    const upTo = `${text.slice(0, from)}${insert}`
    return { label, about, text: `${upTo}${insert.endsWith(':') ? rest : after}`, caret: upTo.length + (insert.endsWith(':') ? 0 : 1) }
  }
  const colon = term.indexOf(':')
  const field = colon < 0 ? '' : term.slice(0, colon)
  if (colon >= 0) {
    if (!isTextField(field) && !isDataField(field) && field !== 'is') return []
    const list = term.slice(colon + 1)
    const comma = list.startsWith('"') ? list.lastIndexOf('",') + 1 : list.lastIndexOf(',')
    const at = start + colon + 1 + (comma > 0 ? comma + 1 : 0)
    const typed = text.slice(at, caret).replace(/^"|"$/g, '')
    if (field === 'is')
      return matching(Object.keys(kinds), (name) => name, typed).map((name) => put(name, kinds[name]?.about ?? '', at, name))
    return matching(known.values(field), (value) => value, typed)
      .filter((value) => value !== typed || comma > 0)
      .map((value) => put(value, '', at, written({ text: value, pattern: field === 'type' && value.endsWith('.*') })))
  }
  if (term.startsWith('"') || (term === '' && !all)) return []
  const fields = [
    ...Object.entries(textFields).map(([name, { about }]) => ({ name, about, insert: `${name}:` })),
    { name: 'is', about: Object.keys(kinds).join(', '), insert: 'is:' },
    ...Object.entries(figureFields).map(([name, { about, example }]) => ({ name, about: `${about}, as ${example}`, insert: `${name}>` })),
    ...(term.length > 1 ? known.dataFields() : []).map((name) => ({ name, about: 'seen in data', insert: `${name}:` })),
  ]
  return matching(fields, ({ name }) => name, term)
    .filter(({ name }) => name.toLowerCase().startsWith(term.toLowerCase()) || isDataField(name))
    .map(({ name, about, insert }) => {
      const upTo = `${text.slice(0, start)}${insert}`
      return { label: isFigureField(name) ? insert : `${name}:`, about, text: `${upTo}${rest}`, caret: upTo.length }
    })
}
