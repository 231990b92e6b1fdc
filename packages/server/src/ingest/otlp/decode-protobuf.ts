/** What the Protobuf encoding of all signals shares: opentelemetry-proto 1.x's common.proto, resource.proto and the two levels of groups. */
import { Refused } from '../../http/problem.ts'
import { attributesOf, type Writable } from './attributes.ts'
import { Unfit } from './decode-bounds.ts'
import type { Attributes, AttributeValue, BadItem, Decoded, Group, InstrumentationScope, Resource } from './otlp.ts'
import { enter, fields, knownText, message, type Reader, skip, twoTo32 } from './protobuf-reader.ts'

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
  const around = enter(reader)
  while (reader.pos < reader.len) {
    const tag = reader.tag()
    switch (tag) {
      case 0x0a: // string_value
        value = knownText(reader)
        break
      case 0x10: // bool_value
        value = reader.bool()
        break
      case 0x18: // int_value
        value = int64(reader)
        break
      case 0x21: // double_value
        value = numberOf(reader.double())
        break
      case 0x2a: // array_value
        value = listOf(reader)
        break
      case 0x32: // kvlist_value
        value = keyValuesOf(reader)
        break
      case 0x3a: // bytes_value
        value = Buffer.from(reader.bytes()).toString('base64')
        break
      default:
        skip(reader, tag)
    }
  }
  reader.len = around
  bounds.shallower()
  return value
}

function keyValuesOf(reader: Reader): Attributes {
  const attributes = attributesOf()
  reader.bounds.object()
  message(reader, (tag) => tag === 0x0a && addAttribute(reader, attributes))
  return attributes
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

/** One `KeyValue`, into `attributes`; the last of a key counts. */
export function addAttribute(reader: Reader, attributes: Writable): true {
  let key = ''
  let value: AttributeValue = null
  const around = enter(reader)
  while (reader.pos < reader.len) {
    const tag = reader.tag()
    if (tag === 0x0a) key = knownText(reader)
    else if (tag === 0x12) value = anyValueOf(reader)
    else skip(reader, tag)
  }
  reader.len = around
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
