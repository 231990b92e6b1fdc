/** What of a sender's values an event can keep: as they are while they fit, else cut, and said so. */
import { clip, clipChars } from '@signalbox/model/text.ts'
import { attributesOf } from '../attributes.ts'
import type { Attributes, AttributeValue } from '../otlp.ts'

export const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
/** UTF-16 units, and items of lists. */
export const most = { name: 200, error: 1_000, note: 500, events: 32, links: 32 } as const

/** Keys and list items of one record, of them items of one list, and levels; below what an event may have. */
const mostValues = 800
const mostItems = 100
const mostDepth = 16
const mostKeyChars = 256
const mostNamed = 32

/** Keeps the values of one record. A class: one is made for every record, and closures cost more than all it does. */
export class Keeper {
  /** Names of what was cut or left out. */
  readonly clipped: string[] = []
  /** How many keys and items there is room for. */
  left = mostValues

  /** The same object where all of it fits; without the keys `but1` and `but2`. */
  attributes(of: Attributes, but1 = '', but2 = ''): Attributes {
    const isWhole = (but1 === '' || !(but1 in of)) && (but2 === '' || !(but2 in of)) && fitsWhole(of)
    return isWhole ? of : keptObject(this, '', of, 0, but1, but2)
  }

  value(name: string, of: AttributeValue): AttributeValue {
    return kept(this, name, of, 1)
  }
}

export const createKeeper = (): Keeper => new Keeper()

const isExact = (value: number) => Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))

function fitsLeaf(value: AttributeValue): boolean {
  if (typeof value === 'string') return value.length <= clipChars && !value.includes('\u0000') && value.isWellFormed()
  return typeof value === 'number' ? isExact(value) : value === null || typeof value === 'boolean'
}

/** Plain values only: what is nested is copied in any case. */
function fitsWhole(attributes: Attributes): boolean {
  let keys = 0
  for (const key in attributes) {
    keys += 1
    if (keys > 100 || key === '__proto__' || key.length > mostKeyChars || !fitsLeaf(attributes[key] as AttributeValue)) return false
  }
  return true
}

function cut({ clipped }: Keeper, name: string) {
  if (clipped.length < mostNamed && !clipped.includes(name)) clipped.push(clip(name, mostKeyChars))
}

function kept(keeper: Keeper, name: string, value: AttributeValue, depth: number): AttributeValue {
  if (fitsLeaf(value)) return value
  if (typeof value === 'string') {
    cut(keeper, name)
    return clip(value)
  }
  if (typeof value === 'number') return String(value)
  if (depth >= mostDepth) {
    cut(keeper, name)
    return '…'
  }
  return Array.isArray(value)
    ? keptList(keeper, name, value as readonly AttributeValue[], depth)
    : keptObject(keeper, name, value as Attributes, depth, '', '')
}

function keptList(keeper: Keeper, name: string, list: readonly AttributeValue[], depth: number): AttributeValue[] {
  const items: AttributeValue[] = []
  for (const item of list) {
    keeper.left -= 1
    if (keeper.left < 0 || items.length === mostItems) {
      cut(keeper, name)
      break
    }
    items.push(kept(keeper, name, item, depth + 1))
  }
  return items
}

function keptObject(keeper: Keeper, name: string, object: Attributes, depth: number, but1: string, but2: string): Attributes {
  const items = attributesOf()
  for (const key in object) {
    if (depth === 0 && (key === but1 || key === but2)) continue
    const whole = depth === 0 ? key : name
    keeper.left -= 1
    if (keeper.left < 0) {
      cut(keeper, whole)
      break
    }
    // A key of this name makes an event invalid: it is no key of its own in most languages.
    const fit = key === '__proto__' ? '_proto_' : key.length > mostKeyChars ? clip(key, mostKeyChars) : key
    if (fit !== key) cut(keeper, whole)
    items[fit.toWellFormed()] = kept(keeper, whole, object[key] as AttributeValue, depth + 1)
  }
  return items
}
