/** What of a filter the server can do, so that only what may match comes over the line; and what is left for the page. */
import { limits } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { all, type Query, type Value } from './query.ts'

const asked = ['type', 'agent', 'run', 'task'] as const
type Asked = (typeof asked)[number]
/** Of one field, as the server takes them. */
const mostValues = 100
const unreadable = /[\u0000-\u001f\u007f-\u009f]|[\ud800-\udfff]/u

/** As the server writes it; undefined where it means another thing there. A type that ends in `.*` is a prefix, nothing else is a pattern. */
function valueFor(field: Asked, { text, pattern }: Value): string | undefined {
  if (text === '' || text.length > limits.identifierChars || unreadable.test(text)) return undefined
  if (field === 'type' && text.endsWith('.*')) return pattern && text.indexOf('*') === text.length - 1 ? text : undefined
  return pattern ? undefined : text
}

interface Wanted {
  readonly field: Asked
  readonly values: readonly string[]
}

function wantedOf(query: Query): Wanted | undefined {
  if (query.kind === 'any') {
    const parts = query.of.map(wantedOf)
    const field = parts[0]?.field
    if (field === undefined || parts.some((part) => part?.field !== field)) return undefined
    const values = parts.flatMap((part) => part?.values ?? [])
    return values.length > mostValues ? undefined : { field, values }
  }
  if (query.kind !== 'field') return undefined
  const field = asked.find((name) => name === query.field)
  if (field === undefined || query.values.length > mostValues) return undefined
  const values = query.values.map((value) => valueFor(field, value))
  return values.includes(undefined) ? undefined : { field, values: values.filter((value) => value !== undefined) }
}

export interface Parts {
  /** The server's; every event that passes the query passes it. */
  readonly server: Filter
  /** What the server does not look at. */
  readonly page: Query
  /** What it does, as a query. */
  readonly asked: Query
}

export function split(query: Query): Parts {
  const server: Partial<Record<Asked, readonly string[]>> = {}
  const taken: Query[] = []
  const left: Query[] = []
  for (const part of query.kind === 'all' ? query.of : [query]) {
    const wanted = wantedOf(part)
    // A field that is asked for twice must be both: the server takes one.
    if (wanted === undefined || server[wanted.field] !== undefined) left.push(part)
    else {
      server[wanted.field] = wanted.values
      taken.push(part)
    }
  }
  return { server, page: all(...left), asked: all(...taken) }
}

/** The fields of an old link, `/tail?type=…&run=…`, as a query. */
export function ofFields(fields: Readonly<Record<Asked, string>>): Query {
  return all(
    ...asked.flatMap((field): Query[] => {
      const text = fields[field]
      return text === ''
        ? []
        : [{ kind: 'field', field, values: [{ text, pattern: field === 'type' && text.indexOf('*') === text.length - 1 }] }]
    }),
  )
}

export const isSame = (a: Filter, b: Filter): boolean =>
  JSON.stringify(asked.map((name) => a[name])) === JSON.stringify(asked.map((name) => b[name]))
