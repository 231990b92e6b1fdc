/**
 * What the JSON encoding of all signals shares: Protobuf's JSON, but for ids, which are hexadecimal. Base64 ids are taken too, by their
 * length. Names are lowerCamelCase alone; what is unknown is ignored; null is absent. What is wrong with an item throws `Unfit`.
 */
import { Refused } from '../../http/problem.ts'
import { attributesOf, type Writable } from './attributes.ts'
import { type Bounds, Unfit } from './decode-bounds.ts'
import { numberOf, type Sink } from './decode-protobuf.ts'
import type { Attributes, AttributeValue, BadItem, Decoded, Group } from './otlp.ts'

export type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined
const kindOf = (value: unknown) => (Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`)
const unlike = (name: string, wanted: string, value: unknown) => new Unfit(`${name} must be ${wanted}, not ${kindOf(value)}.`)

export function objectOf(value: unknown, name: string): Json {
  if (isAbsent(value)) return {}
  if (isObject(value)) return value
  throw unlike(name, 'an object', value)
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  if (isAbsent(value)) return []
  if (Array.isArray(value)) return value
  throw unlike(name, 'a list', value)
}

export function textOf(value: unknown, name: string): string {
  if (isAbsent(value)) return ''
  if (typeof value === 'string') return value
  throw unlike(name, 'text', value)
}

export function booleanOf(value: unknown, name: string): boolean {
  if (isAbsent(value)) return false
  if (typeof value === 'boolean') return value
  throw unlike(name, 'true or false', value)
}

const decimal = /^(-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|-?Infinity)$/i
/** A number of any kind, or its text; beyond 2^53 rounded. Undefined when absent. */
export function numberIn(value: unknown, name: string): number | undefined {
  if (isAbsent(value)) return undefined
  const number = typeof value === 'string' && decimal.test(value) ? Number(value) : value
  if (typeof number === 'number') return number
  throw unlike(name, 'a number or its decimal text', value)
}

/** Of nanoseconds since 1970; 0 when absent. */
export function msIn(value: unknown, name: string): number {
  const nanos = numberIn(value, name) ?? 0
  // The largest are rounded up to it.
  if (nanos >= 0 && nanos <= 2 ** 64) return nanos / 1e6
  throw new Unfit(`${name} must be nanoseconds since 1970 in 64 bits.`)
}

/** The number of an enum's value, told as that or by name: `names` in the order of their numbers, without the prefix. */
export function enumIn(value: unknown, names: readonly string[], prefix: string): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return 0
  if (!value.startsWith(prefix)) return Number.isInteger(Number(value)) ? Number(value) : 0
  return Math.max(0, names.indexOf(value.slice(prefix.length).toLowerCase()))
}

/** Lower-case hexadecimal of an id of so many bytes; what is neither that nor base64 as it is. */
export function hexIn(value: unknown, bytes: number, name: string): string {
  const text = textOf(value, name)
  if (text.length === bytes * 2 || text === '') return text.toLowerCase()
  const isBase64 = /^[\w+/-]+={0,2}$/.test(text) && (text.length === Math.ceil(bytes / 3) * 4 || text.length === Math.ceil((bytes * 4) / 3))
  return isBase64 ? Buffer.from(text, 'base64').toString('hex') : text
}

function intIn(value: unknown): AttributeValue {
  const number = numberIn(value, 'intValue') ?? 0
  if (Number.isSafeInteger(number)) return number
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return value
  if (Number.isInteger(number)) return BigInt(number).toString()
  throw new Unfit('intValue must be a whole number.')
}

export function valueIn(value: unknown, bounds: Bounds): AttributeValue {
  const any = objectOf(value, 'The value of an attribute')
  if (typeof any.stringValue === 'string') return any.stringValue
  if (!isAbsent(any.intValue)) return intIn(any.intValue)
  if (!isAbsent(any.boolValue)) return booleanOf(any.boolValue, 'boolValue')
  if (!isAbsent(any.doubleValue)) return numberOf(numberIn(any.doubleValue, 'doubleValue') ?? 0)
  if (!isAbsent(any.bytesValue)) return Buffer.from(textOf(any.bytesValue, 'bytesValue'), 'base64').toString('base64')
  if (!isAbsent(any.stringValue)) throw unlike('stringValue', 'text', any.stringValue)
  bounds.deeper()
  const held = heldIn(any, bounds)
  bounds.shallower()
  return held
}

function heldIn(any: Json, bounds: Bounds): AttributeValue {
  if (isAbsent(any.arrayValue) && isAbsent(any.kvlistValue)) return null
  bounds.object()
  if (isAbsent(any.arrayValue)) return attributesIn(objectOf(any.kvlistValue, 'kvlistValue').values, bounds, 'kvlistValue.values')
  return listOf(objectOf(any.arrayValue, 'arrayValue').values, 'arrayValue.values').map((item) => valueIn(item, bounds))
}

export function attributesIn(value: unknown, bounds: Bounds, name = 'attributes'): Attributes {
  const attributes: Writable = attributesOf()
  if (isObject(value)) throw new Unfit(`${name} must be a list of {"key": …, "value": {…}}, not an object of them.`)
  for (const entry of listOf(value, name)) {
    const { key, value: inner } = objectOf(entry, `An entry of ${name}`)
    attributes[textOf(key, 'key')] = valueIn(inner, bounds)
  }
  return attributes
}

/** Where the JSON of a signal has its groups. */
export interface Names {
  readonly resources: string
  readonly scopes: string
  readonly items: string
}

export function jsonOf(body: Uint8Array): Json {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new Refused({ code: 'BAD_REQUEST', detail: `The body is not JSON in UTF-8: ${(error as Error).message.slice(0, 200)}.` })
  }
  if (isObject(value)) return value
  throw new Refused({ code: 'BAD_REQUEST', detail: 'The body is not an export request of OTLP, which is an object.' })
}

type ReadJson<Item> = (item: Json, bounds: Bounds, sink: Sink<Item>) => void

/** Runs `read`; answers why its item cannot be taken. */
export function attempt(read: () => void, bounds: Bounds): Unfit | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    bounds.atTop()
    return error
  }
}

export function groupsIn<Item>(request: Json, names: Names, bounds: Bounds, read: ReadJson<Item>): Decoded<Item> {
  const groups: Group<Item>[] = []
  const bad: BadItem[] = []
  const readScope = (scopeGroup: Json, resourceOf: () => Group<Item>['resource']) => {
    let heads: Pick<Group<Item>, 'resource' | 'scope'> | undefined
    const unfit = attempt(() => {
      const scope = objectOf(scopeGroup.scope, 'scope')
      const attributes = attributesIn(scope.attributes, bounds)
      heads = {
        resource: resourceOf(),
        scope: { name: textOf(scope.name, 'scope.name'), version: textOf(scope.version, 'scope.version'), attributes },
      }
    }, bounds)
    const sink: Sink<Item> = { items: [], bad }
    for (const item of listOf(scopeGroup[names.items], names.items)) {
      const failed = unfit ?? attempt(() => read(objectOf(item, `An item of ${names.items}`), bounds, sink), bounds)
      if (failed === undefined) continue
      bounds.item()
      bad.push({ code: failed.code, message: failed.message, value: item })
    }
    if (heads !== undefined && sink.items.length > 0) groups.push({ ...heads, items: sink.items })
  }
  const failed = attempt(() => {
    for (const resourceGroup of listOf(request[names.resources], names.resources)) {
      const group = objectOf(resourceGroup, `An entry of ${names.resources}`)
      let resource: Group<Item>['resource'] | undefined
      const resourceOf = () => {
        resource ??= { attributes: attributesIn(objectOf(group.resource, 'resource').attributes, bounds) }
        return resource
      }
      for (const scope of listOf(group[names.scopes], names.scopes)) readScope(objectOf(scope, `An entry of ${names.scopes}`), resourceOf)
    }
  }, bounds)
  if (failed !== undefined) throw new Refused({ code: 'BAD_REQUEST', detail: failed.message })
  return { groups, bad }
}
