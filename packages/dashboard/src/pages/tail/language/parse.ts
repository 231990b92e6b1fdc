/**
 * Reads a filter as it is typed. Never throws: what is wrong is answered with its place and what to write.
 *
 *   query  := part ("or" part)*
 *   part   := term (["and"] term)*
 *   term   := ("-" | "not") term | "(" query ")" | field ":" value ("," value)* | field compare figure | word | "words in quotes"
 */
import { figureFields, figureOf, isDataField, isFigureField, isKind, isTextField, kinds, textFields } from './fields.ts'
import { all, any, type Comparison, endsWord, everything, keywords, type Query, type Value } from './query.ts'

export interface Problem {
  /** Where it begins in the text, in UTF-16 units. */
  readonly at: number
  readonly length: number
  /** What is wrong and what to write. */
  readonly message: string
}
export type Parsed = { readonly ok: true; readonly query: Query } | { readonly ok: false; readonly problem: Problem }

export const mostChars = 2_000
const mostDepth = 40

class Wrong extends Error {
  readonly problem: Problem
  constructor(at: number, length: number, message: string) {
    super(message)
    this.problem = { at, length, message }
  }
}

const field = /[A-Za-z][\w.-]*(?=:|[<>=])/y
const comparison = /:?(>=|<=|>|<|=)/y
const names = (table: Readonly<Record<string, unknown>>) => Object.keys(table).join(', ')

function createReader(text: string) {
  let at = 0
  let depth = 0
  const skip = () => {
    while (/\s/.test(text[at] ?? '')) at += 1
  }
  /** The word that begins here, in lower case, when it is one of the language's own. */
  const keyword = () => {
    const word = /^[a-z]+(?=[\s()"]|$)/i.exec(text.slice(at, at + 4))?.[0]
    const end = at + (word?.length ?? 0)
    const ends = end >= text.length || endsWord.test(text[end] ?? '')
    return word !== undefined && ends && keywords.has(word.toLowerCase()) ? word.toLowerCase() : undefined
  }
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) at += found[0].length
    return found
  }

  function inQuotes(): string {
    const from = at
    at += 1
    let read = ''
    for (; at < text.length; at += 1) {
      const char = text[at]
      if (char === '"') {
        at += 1
        return read
      }
      if (char === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at += 1
      read += text[at]
    }
    throw new Wrong(from, text.length - from, 'The quote that opens here is not closed: write " at its end.')
  }

  function bare(but = ''): string {
    const from = at
    while (at < text.length && !endsWord.test(text[at] ?? '') && !(but !== '' && text[at] === but)) at += 1
    return text.slice(from, at)
  }

  function value(name: string): Value {
    const from = at
    if (text[at] === '"') return { text: inQuotes(), pattern: false }
    const read = bare(',')
    if (read === '') throw new Wrong(from, 1, `“${name}:” wants a value: write ${name}:${exampleOf(name)}.`)
    return { text: read, pattern: read.includes('*') }
  }

  function fieldTerm(name: string, from: number): Query {
    const by = match(comparison)?.[1] as Comparison | undefined
    if (by !== undefined) return compared(name, by, from)
    at += 1
    if (isFigureField(name)) {
      // `duration:2s` is its exact figure.
      return compared(name, '=', from)
    }
    if (name !== 'is' && !isTextField(name) && !isDataField(name)) throw unknown(name, from)
    const values = [value(name)]
    while (text[at] === ',') {
      at += 1
      values.push(value(name))
    }
    const wrong = name === 'is' ? values.find((one) => !isKind(one.text)) : undefined
    if (wrong !== undefined) throw new Wrong(from, at - from, `An event is never “${wrong.text}”. Write is: and one of ${names(kinds)}.`)
    return { kind: 'field', field: name, values }
  }

  function compared(name: string, by: Comparison, from: number): Query {
    if (!isFigureField(name) && !isDataField(name)) {
      if (isTextField(name) || name === 'is') throw new Wrong(from, at - from, `“${name}” is no figure: write ${name}:${exampleOf(name)}.`)
      throw unknown(name, from)
    }
    const start = at
    const written = bare()
    if (!Number.isNaN(figureOf(name, written))) return { kind: 'compare', field: name, by, written }
    const example = figureFields[name]?.example ?? `${name}>100`
    throw new Wrong(start, Math.max(1, written.length), `“${written}” is no figure of ${name}: write it as in ${example}.`)
  }

  const unknown = (name: string, from: number) => {
    const rest = text.slice(from).split(endsWord)[0] ?? name
    return new Wrong(
      from,
      name.length,
      `There is no field “${name}”: there are ${names(textFields)}, is, ${names(figureFields)} and data.…; as text write "${rest}".`,
    )
  }

  function term(): Query {
    const from = at
    if (depth > mostDepth) throw new Wrong(from, 1, 'This is nested too deeply: write it with fewer brackets.')
    const isNot = text[at] === '-' || keyword() === 'not'
    if (isNot) {
      at += text[at] === '-' ? 1 : 3
      skip()
      if (at >= text.length || text[at] === ')') throw new Wrong(from, at - from || 1, 'Nothing is denied here: write what must not match.')
      depth += 1
      const of = term()
      depth -= 1
      return { kind: 'not', of }
    }
    if (text[at] === '(') {
      at += 1
      depth += 1
      const of = query()
      depth -= 1
      skip()
      if (text[at] !== ')') throw new Wrong(from, text.length - from, 'The bracket that opens here is not closed: write ) at its end.')
      at += 1
      return of
    }
    const word = keyword()
    if (word !== undefined) throw new Wrong(from, word.length, `“${word}” wants something on both sides; as text write "${word}".`)
    if (text[at] === '"') return { kind: 'text', text: inQuotes() }
    const name = match(field)?.[0]
    return name === undefined ? { kind: 'text', text: bare() } : fieldTerm(name, from)
  }

  function part(): Query {
    const terms: Query[] = []
    for (;;) {
      skip()
      if (at >= text.length || text[at] === ')' || keyword() === 'or') break
      if (keyword() === 'and' && terms.length > 0) {
        const from = at
        at += 3
        skip()
        if (at >= text.length || text[at] === ')' || keyword() === 'or' || keyword() === 'and')
          throw new Wrong(from, 3, '“and” wants something on both sides; as text write "and".')
      }
      terms.push(term())
    }
    return all(...terms)
  }

  function query(): Query {
    const parts: Query[] = []
    let from = at
    for (;;) {
      const start = at
      const read = part()
      const isOr = keyword() === 'or'
      const isEmpty = text.slice(start, at).trim() === ''
      if (isEmpty && (isOr || parts.length > 0))
        throw new Wrong(isOr ? at : from, 2, '“or” wants something on both sides; as text write "or".')
      if (isEmpty && depth > 0) throw new Wrong(Math.max(0, start - 1), 1, 'Nothing stands in these brackets: write what must match.')
      parts.push(read)
      if (!isOr) return any(...parts)
      from = at
      at += 2
    }
  }

  return (): Query => {
    const read = query()
    if (at < text.length) throw new Wrong(at, 1, 'No bracket is open here: take this one away, or write "(" before.')
    return read
  }
}

const examples: Readonly<Record<string, string>> = { type: 'tool.*', agent: 'worker-1', level: 'error', run: 'nightly', is: 'failed' }
const exampleOf = (name: string) => examples[name] ?? '…'

export function parse(text: string): Parsed {
  if (text.trim() === '') return { ok: true, query: everything }
  if (text.length > mostChars)
    return {
      ok: false,
      problem: { at: mostChars, length: text.length - mostChars, message: `A filter has at most ${mostChars} characters.` },
    }
  try {
    return { ok: true, query: createReader(text)() }
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.problem }
    throw error
  }
}
