/**
 * What the Protobuf encoding of all signals shares (opentelemetry-proto 1.x: common.proto, resource.proto and the two levels of groups).
 * Fields are told apart by number and wire type together, as `tag = number << 3 | type`: one of another type is an unknown one.
 */
import protobuf from 'protobufjs/minimal.js'
import { Refused } from '../../http/problem.ts'
import { type Bounds, Unfit } from './decode-bounds.ts'
import type { Attributes, AttributeValue, BadItem, Decoded, Group, InstrumentationScope, Resource } from './otlp.ts'

export interface Reader extends protobuf.Reader {
  readonly bounds: Bounds
}

export function readerOf(body: Uint8Array, bounds: Bounds): Reader {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Object.assign(protobuf.Reader.create(buffer), { bounds })
}

/** Reads fields to the end of what is read; one that `take` does not know (false) is skipped. */
export function fields(reader: Reader, take: (tag: number) => boolean): void {
  const end = reader.len
  while (reader.pos < end) {
    const tag = reader.tag()
    if (!take(tag)) reader.skipType(tag & 7, 0, tag >>> 3)
  }
}

/** Reads the fields of a message that lies here, behind its length. */
export const message = (reader: Reader, take: (tag: number) => boolean): void => within(reader, () => fields(reader, take))

/** Reads a packed list. */
export const packed = (reader: Reader, one: () => void): void =>
  within(reader, () => {
    while (reader.pos < reader.len) one()
  })

function within(reader: Reader, read: () => void): void {
  const bytes = reader.size()
  const around = reader.len
  const end = reader.pos + bytes
  if (end > around) throw new RangeError(`a message of ${bytes} bytes ends beyond the one that it is in`)
  reader.len = end
  read()
  reader.len = around
}

export function hexOf(reader: Reader): string {
  const bytes = reader.size()
  const start = reader.pos
  reader.skip(bytes)
  return (reader.buf as Buffer).toString('hex', start, start + bytes)
}

const twoTo32 = 0x1_0000_0000
/** A `fixed64`; beyond 2^53 rounded. */
export function fixed64(reader: Reader): number {
  const low = reader.fixed32()
  return reader.fixed32() * twoTo32 + low
}
/** A `sfixed64`; beyond 2^53 rounded. */
export function sfixed64(reader: Reader): number {
  const low = reader.fixed32()
  return reader.sfixed32() * twoTo32 + low
}
export const msOf = (reader: Reader): number => fixed64(reader) / 1e6

/** A number, or the word of what JSON has none for. */
export const numberOf = (value: number): AttributeValue => (Number.isFinite(value) ? value : String(value))

/** An `int64`: exact, as text beyond 2^53. */
function int64(reader: Reader): AttributeValue {
  const long = reader.int64()
  const number = long.high * twoTo32 + (long.low >>> 0)
  return Number.isSafeInteger(number) ? number : long.toString()
}

export function anyValueOf(reader: Reader): AttributeValue {
  const { bounds } = reader
  let value: AttributeValue = null
  bounds.deeper()
  message(reader, (tag) => {
    switch (tag) {
      case 0x0a: // string_value
        value = reader.string()
        return true
      case 0x10: // bool_value
        value = reader.bool()
        return true
      case 0x18: // int_value
        value = int64(reader)
        return true
      case 0x21: // double_value
        value = numberOf(reader.double())
        return true
      case 0x2a: // array_value
        value = listOf(reader)
        return true
      case 0x32: {
        // kvlist_value
        const inner = attributesOf()
        bounds.object()
        message(reader, (field) => field === 0x0a && addAttribute(reader, inner))
        value = inner
        return true
      }
      case 0x3a: // bytes_value
        value = Buffer.from(reader.bytes()).toString('base64')
        return true
      default:
        return false
    }
  })
  bounds.shallower()
  return value
}

function listOf(reader: Reader): readonly AttributeValue[] {
  const list: AttributeValue[] = []
  reader.bounds.object()
  message(reader, (tag) => {
    if (tag !== 0x0a) return false // values
    list.push(anyValueOf(reader))
    return true
  })
  return list
}

export type Writable = Record<string, AttributeValue>
/** Without a prototype: keys are the sender's. */
export const attributesOf = (): Writable => Object.create(null) as Writable

/** One `KeyValue`, into `attributes`; the last of a key counts. */
export function addAttribute(reader: Reader, attributes: Writable): true {
  let key = ''
  let value: AttributeValue = null
  message(reader, (tag) => {
    if (tag === 0x0a) key = reader.string()
    else if (tag === 0x12) value = anyValueOf(reader)
    else return false
    return true
  })
  attributes[key] = value
  return true
}

function resourceOf(reader: Reader): Resource {
  const attributes = attributesOf()
  message(reader, (tag) => tag === 0x0a && addAttribute(reader, attributes))
  return { attributes }
}

function scopeOf(reader: Reader): InstrumentationScope {
  const attributes = attributesOf()
  let name = ''
  let version = ''
  message(reader, (tag) => {
    if (tag === 0x0a) name = reader.string()
    else if (tag === 0x12) version = reader.string()
    else return tag === 0x1a && addAttribute(reader, attributes)
    return true
  })
  return { name, version, attributes }
}

/** Where the items of a scope go. */
export interface Sink<Item> {
  readonly items: Item[]
  readonly bad: BadItem[]
}
/** Reads one item of a scope, a message; of metrics that is one metric, with many data points. */
export type ReadItem<Item> = (reader: Reader, sink: Sink<Item>) => void

/** Reads a message that may be unfit, and passes over it then. */
function attempt(reader: Reader, read: () => void): Unfit | undefined {
  const { pos, len, bounds } = reader
  try {
    read()
    return undefined
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    reader.len = len
    reader.pos = pos
    reader.skipType(2)
    bounds.atTop()
    return error
  }
}

const noAttributes: Attributes = Object.freeze(attributesOf())
/** Of an item that could not be read to its end. */
const mostKeptBytes = 4_096

function readScope<Item>(reader: Reader, readItem: ReadItem<Item>, bad: BadItem[]) {
  let scope: InstrumentationScope = { name: '', version: '', attributes: noAttributes }
  let unfit: Unfit | undefined
  const sink: Sink<Item> = { items: [], bad }
  message(reader, (tag) => {
    if (tag === 0x0a) {
      unfit = attempt(reader, () => {
        scope = scopeOf(reader)
      })
    } else if (tag === 0x12) {
      const start = reader.pos
      const failed = attempt(reader, () => readItem(reader, sink))
      if (failed === undefined) return true
      const kept = (reader.buf as Buffer).toString('base64', start, Math.min(reader.pos, start + mostKeptBytes))
      bad.push({ code: failed.code, message: failed.message, value: { protobuf: kept } })
    } else return false
    return true
  })
  return { scope, items: sink.items, unfit }
}

/** An export request of any signal: resources, each with scopes, each with items; all three at the same field numbers. */
export function groupsOf<Item>(reader: Reader, readItem: ReadItem<Item>): Decoded<Item> {
  const groups: Group<Item>[] = []
  const bad: BadItem[] = []
  fields(reader, (tag) => {
    if (tag !== 0x0a) return false
    let resource: Resource = { attributes: noAttributes }
    let unfitResource: Unfit | undefined
    const scopes: ReturnType<typeof readScope<Item>>[] = []
    message(reader, (field) => {
      if (field === 0x0a) {
        unfitResource = attempt(reader, () => {
          resource = resourceOf(reader)
        })
      } else if (field === 0x12) scopes.push(readScope(reader, readItem, bad))
      else return false
      return true
    })
    for (const { scope, items, unfit = unfitResource } of scopes) {
      if (unfit !== undefined) for (const value of items) bad.push({ code: unfit.code, message: unfit.message, value })
      else if (items.length > 0) groups.push({ resource, scope, items })
    }
    return true
  })
  return { groups, bad }
}

export const undecodable = (error: unknown): Refused =>
  error instanceof Refused
    ? error
    : new Refused({ code: 'BAD_REQUEST', detail: `The body is no Protobuf message of OTLP: ${(error as Error).message}.` })
