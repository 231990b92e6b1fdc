/** Whether an event passes a filter. A filter is compiled once, then asked of every event that comes. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { dataAt, figureFields, figureOf, kinds, textFields } from './fields.ts'
import type { Comparison, Query, Value } from './query.ts'

export type Test = (event: StoredEvent) => boolean

/** Of one event's data that is looked into for a text; a body may be a megabyte in a thousand pieces. */
const mostPieces = 2_000

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
/** `*` is anything; a value without one is compared as it is. */
const matcher = ({ text, pattern }: Value): ((found: string) => boolean) => {
  if (!pattern) return (found) => found === text
  const exact = new RegExp(`^${text.split(/\*+/).map(escaped).join('.*')}$`, 's')
  return (found) => exact.test(found)
}
const comparisons: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
}

/** Looks where a reader would: in what names the event, then in all text of its data. */
function contains(text: string): Test {
  const sought = new RegExp(escaped(text), 'i')
  const within = (value: unknown, left: { pieces: number }): boolean => {
    left.pieces -= 1
    if (left.pieces < 0) return false
    if (typeof value === 'string') return sought.test(value)
    if (typeof value === 'number' || typeof value === 'boolean') return sought.test(String(value))
    if (typeof value !== 'object' || value === null) return false
    for (const [name, inner] of Object.entries(value)) {
      if (!Array.isArray(value) && sought.test(name)) return true
      if (within(inner, left)) return true
    }
    return false
  }
  return ({ type, agent, run, task, source, data }) =>
    sought.test(type) ||
    (agent !== undefined && sought.test(agent)) ||
    (run !== undefined && sought.test(run)) ||
    (task !== undefined && sought.test(task)) ||
    sought.test(source) ||
    within(data, { pieces: mostPieces })
}

const shown = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' || value === null ? String(value) : undefined

export function compile(query: Query): Test {
  switch (query.kind) {
    case 'all': {
      const tests = query.of.map(compile)
      return (event) => tests.every((test) => test(event))
    }
    case 'any': {
      const tests = query.of.map(compile)
      return (event) => tests.some((test) => test(event))
    }
    case 'not': {
      const test = compile(query.of)
      return (event) => !test(event)
    }
    case 'text':
      return contains(query.text)
    case 'field': {
      const { field } = query
      if (field === 'is') {
        const tests = query.values.flatMap(({ text }) => kinds[text]?.test ?? [])
        return (event) => tests.some((test) => test(event))
      }
      const read = textFields[field]?.read ?? ((event: StoredEvent) => shown(dataAt(event, field)))
      const matchers = query.values.map(matcher)
      return (event) => {
        const found = read(event)
        return found !== undefined && matchers.some((match) => match(found))
      }
    }
    case 'compare': {
      const { field } = query
      const bound = figureOf(field, query.written)
      const holds = comparisons[query.by]
      const read =
        figureFields[field]?.read ??
        ((event: StoredEvent) => {
          const found = dataAt(event, field)
          return typeof found === 'number' ? found : undefined
        })
      return (event) => {
        const found = read(event)
        return found !== undefined && holds(found, bound)
      }
    }
  }
}
