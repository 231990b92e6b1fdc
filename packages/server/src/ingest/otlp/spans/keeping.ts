/** What of a sender's values an event can keep: as they are while they fit, else cut, and said so. */
import { clip, clipChars } from '@signalbox/model/text.ts'
import type { Attributes, AttributeValue } from '../otlp.ts'

/** Keys and list items of one record, of them items of one list, and levels; below what an event may have. */
const mostValues = 800
const mostItems = 100
const mostDepth = 16
const mostKeyChars = 256

export interface Keeper {
  /** The same object where all of it fits; without the keys of `but`. */
  attributes(of: Attributes, but1?: string, but2?: string): Attributes
  value(name: string, of: AttributeValue): AttributeValue
  /** Names of what was cut or left out. */
  readonly clipped: readonly string[]
}

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

export function createKeeper(): Keeper {
  const clipped: string[] = []
  let left = mostValues
  const cut = (name: string) => {
    if (clipped.length < 32 && !clipped.includes(name)) clipped.push(clip(name, mostKeyChars))
  }

  function kept(name: string, value: AttributeValue, depth: number): AttributeValue {
    if (fitsLeaf(value)) return value
    if (typeof value === 'string') {
      cut(name)
      return clip(value)
    }
    if (typeof value === 'number') return String(value)
    if (depth >= mostDepth) {
      cut(name)
      return '…'
    }
    return Array.isArray(value)
      ? keptList(name, value as readonly AttributeValue[], depth)
      : keptObject(name, value as Attributes, depth, '', '')
  }

  function keptList(name: string, list: readonly AttributeValue[], depth: number): AttributeValue[] {
    const items: AttributeValue[] = []
    for (const item of list) {
      left -= 1
      if (left < 0 || items.length === mostItems) {
        cut(name)
        break
      }
      items.push(kept(name, item, depth + 1))
    }
    return items
  }

  function keptObject(name: string, object: Attributes, depth: number, but1: string, but2: string): Attributes {
    const items = Object.create(null) as Record<string, AttributeValue>
    for (const key in object) {
      if (depth === 0 && (key === but1 || key === but2)) continue
      const whole = depth === 0 ? key : name
      left -= 1
      if (left < 0) {
        cut(whole)
        break
      }
      // A key of this name makes an event invalid: it is no key of its own in most languages.
      const fit = key === '__proto__' ? '_proto_' : key.length > mostKeyChars ? clip(key, mostKeyChars) : key
      if (fit !== key) cut(whole)
      items[fit.toWellFormed()] = kept(whole, object[key] as AttributeValue, depth + 1)
    }
    return items
  }

  return {
    clipped,
    value: (name, of) => kept(name, of, 1),
    attributes(of, but1 = '', but2 = '') {
      const isWhole = (but1 === '' || !(but1 in of)) && (but2 === '' || !(but2 in of)) && fitsWhole(of)
      return isWhole ? of : keptObject('', of, 0, but1, but2)
    },
  }
}
