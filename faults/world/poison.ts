/** Items made wrong on purpose, as agents and their frameworks make them by accident: each has to be refused by its code, and cost no other. */
import { uuidv7 } from '@signalbox/model/ids.ts'
import { contentHash } from '../history/content.ts'
import type { Sent } from '../history/history.ts'
import type { Made } from './fleet.ts'
import type { Random } from './world.ts'

/** An item as its bytes are sent, and as the history knows it. */
export interface Item {
  readonly json: string
  readonly sent: Sent
}

type Encoding = 'json' | 'msgpack' | 'proto'
const hour = 3_600_000

const withData = (json: string, data: string) =>
  JSON.stringify({ ...JSON.parse(json), data: 0 }).replace('"data":0', () => `"data":${data}`)
const withField = (json: string, more: object) => JSON.stringify({ ...JSON.parse(json), ...more })
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

interface Poison {
  readonly name: string
  readonly make: (json: string) => string
  /** Encodings that cannot write it. */
  readonly not?: readonly Encoding[]
}

const corpus: readonly Poison[] = [
  { name: 'a missing field', make: () => '{"source":"x"}' },
  { name: 'a number for an event', make: () => '7' },
  { name: 'null for an event', make: () => 'null' },
  { name: 'a wrong type', make: (json) => withField(json, { seq: 'seven' }) },
  { name: 'a NUL in a name', make: (json) => withField(json, { agent: 'a\u0000b' }) },
  { name: 'a lone surrogate in a name', make: (json) => withField(json, { agent: '\ud800' }) },
  { name: '2^53', make: (json) => withData(json, '{"n":9007199254740992}') },
  { name: 'a number out of range', make: (json) => withData(json, '{"n":1e400}'), not: ['proto'] },
  { name: '__proto__', make: (json) => withData(json, '{"in":{"__proto__":{"admin":true}}}') },
  { name: 'depth 65', make: (json) => withData(json, deep(65)) },
  { name: 'depth 100,000', make: (json) => withData(json, deep(100_000)), not: ['msgpack', 'proto'] },
  { name: 'an id too old', make: (json) => withField(json, { id: uuidv7(Date.UTC(2020, 1, 1)) }) },
  { name: 'an id of the future', make: (json) => withField(json, { id: uuidv7(Date.now() + 24 * hour) }) },
  { name: 'a time of the future', make: (json) => withField(json, { time: '9999-12-31T23:59:59-23:59' }) },
]

let made = 0

/** One that `of` might have been; its id is its own. */
export function createPoison(of: Made, encoding: Encoding, random: Random): Item {
  const { name, make } = random.pick(corpus.filter(({ not = [] }) => !not.includes(encoding)))
  const json = make(JSON.stringify({ ...of.event, id: uuidv7(Date.now()) }))
  const id = /"id":"([^"]+)"/.exec(json)?.[1] ?? `no id ${++made}`
  return { json, sent: { id, source: of.event.source, hash: name, poison: true } }
}

/** The id of an event that is stored, with other content. */
export function reusedId({ event }: Made, n: number): Item {
  const other = { ...event, data: { ...event.data, note: `another ${n}` } }
  return { json: JSON.stringify(other), sent: { id: event.id, source: event.source, hash: contentHash(other), poison: true } }
}

export function itemOf({ event, adds }: Made, isPoison = false): Item {
  const { id, source, run, seq, epoch } = event
  return {
    json: JSON.stringify(event),
    sent: {
      id,
      source,
      hash: contentHash(event),
      ...(run === undefined ? {} : { run }),
      ...(seq === undefined ? {} : { seq }),
      ...(epoch === undefined ? {} : { epoch }),
      ...(adds === undefined ? {} : { adds }),
      ...(isPoison ? { poison: true } : {}),
    },
  }
}
