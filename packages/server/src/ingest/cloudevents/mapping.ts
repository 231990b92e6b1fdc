/** A CloudEvent as an event. Pure but for the time of one that tells none (`arrivedAt`). */
import type { EpochMs } from '@signalbox/model/event.ts'
import { idTime } from '@signalbox/model/ids.ts'
import { rfc3339Ms } from '@signalbox/model/rfc3339.ts'
import { identifier, instantOf, isObject, type Json } from '@signalbox/model/text.ts'
import { isKnownType } from '@signalbox/model/vocabulary.ts'
import type { Mapped } from '../door.ts'
import { eventOf } from '../event-of.ts'
import { dataOf, type Payload } from './payload.ts'

/** Extension attributes that are fields of an event. */
const fields = { run: 'run', agent: 'agent', task: 'task', cause: 'cause', traceparent: 'trace' } as const
const counters = ['seq', 'epoch'] as const
/** What a subject names, by the first word of a type of ours. */
const subjectOf: Readonly<Record<string, 'agent' | 'run' | 'task'>> = { agent: 'agent', run: 'run', task: 'task' }

const prefix = 'dev.signalbox.'
const fits = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/
/** A type of ours may come with a prefix, as CloudEvents wants types; others stay as they are, where an event can carry them. */
function typeOf(type: string): string {
  const bare = type.startsWith(prefix) ? type.slice(prefix.length) : type
  if (isKnownType(bare) || (bare !== type && bare.startsWith('custom.'))) return bare
  return fits.test(type) ? type : 'custom.cloudevent'
}

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i
const timeOf = (value: unknown): EpochMs | undefined =>
  typeof value === 'string' && timestamp.test(value) ? instantOf(new Date(rfc3339Ms(value)).toJSON()) : undefined

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const timeInId = (id: string): EpochMs | undefined => (uuidv7.test(id) ? idTime(id) : undefined)

/** JSON has booleans and numbers for attributes too; `null` is an attribute that is not there. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined

/** Of an attribute that is a whole number, also as a header says it; what is none is left for the schema to refuse. */
const counterOf = (value: unknown) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value)

/** Said by the event itself, or of no matter once it is one. */
const told: ReadonlySet<string> = new Set([
  'specversion',
  'source',
  'type',
  'time',
  'data',
  'data_base64',
  ...counters,
  ...Object.keys(fields),
])

/** The structured mode leaves out what the binary mode has to say. */
const goesWithoutSaying = (name: string, value: unknown) => name === 'datacontenttype' && /^application\/json(?:;|$)/i.test(String(value))

function missing(attributes: Json): string | undefined {
  if (attributes.specversion !== '1.0') return '/specversion must be "1.0".'
  for (const name of ['id', 'source', 'type'])
    if (typeof attributes[name] !== 'string' || attributes[name] === '') return `/${name} is missing, or is no text.`
  return undefined
}

export interface MappingOptions {
  /** The request's item that it is. */
  readonly item: number
  /** When an event of this key came first; told only of one without a time. */
  readonly arrivedAt: (key: string) => EpochMs
}

/**
 * `id` and `source` make the event's id, together with its type and time: a CloudEvent that comes again is a duplicate. What no field
 * takes stays in `data.cloudevent`.
 */
export function mapCloudEvent(attributes: unknown, payload: Payload | undefined, { item, arrivedAt }: MappingOptions): Mapped {
  const refuse = (message: string, code: 'INVALID_EVENT' | 'MALFORMED_JSON' = 'INVALID_EVENT'): Mapped => ({
    item,
    refused: { code, message },
    value: attributes,
  })
  if (!isObject(attributes)) return refuse('A CloudEvent must be an object.')
  const wrong = missing(attributes)
  if (wrong !== undefined) return refuse(wrong)
  if (payload === undefined) return refuse('The data is not JSON, as its datacontenttype says.', 'MALFORMED_JSON')
  const { id, source, type: said } = attributes as { readonly id: string; readonly source: string; readonly type: string }
  const named = identifier(source) ?? ''
  const type = typeOf(said)
  const isTimed = attributes.time !== undefined && attributes.time !== null
  const time = isTimed
    ? timeOf(attributes.time)
    : (timeOf(attributes.recordedtime) ?? timeInId(id) ?? arrivedAt(JSON.stringify([source, id, said])))
  if (time === undefined) return refuse('/time must be an RFC 3339 time after 1970.')

  const of: Record<string, string | number | undefined> = {}
  for (const [name, field] of Object.entries(fields)) of[field] = identifier(textOf(attributes[name]))
  of.run ??= identifier(textOf(attributes.partitionkey))
  const about = isKnownType(type) ? subjectOf[type.split('.')[0] ?? ''] : undefined
  if (about !== undefined) of[about] ??= identifier(textOf(attributes.subject))
  for (const name of counters) of[name] = counterOf(attributes[name] ?? undefined) as number | undefined

  const rest = Object.entries(attributes).filter(([name, value]) => !told.has(name) && value !== null && !goesWithoutSaying(name, value))
  if (named !== source) rest.push(['source', source])
  if (type !== said) rest.push(['type', said])
  const data = dataOf(payload)
  if (Object.hasOwn(data, 'cloudevent')) rest.push(['replaced', data.cloudevent])
  // What was cut off a source still tells it from others.
  const foreign = named === source ? id : `${source}\n${id}`
  return { item, event: eventOf(named, { foreign, type, time, ...of, data: { ...data, cloudevent: Object.fromEntries(rest) } }) }
}
