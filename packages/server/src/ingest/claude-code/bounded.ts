/** Copies of what agents write, of a size that an event may have. */
import { clip, type Json } from '@signalbox/model/text.ts'

const mostLevels = 12
/** Values in one copy. */
const mostValues = 400
const longestKey = 200

export interface Copy {
  readonly value: unknown
  /** Whether something was left out. */
  readonly isCut: boolean
}

/** Strings at most `chars` long, numbers that are kept exactly, no key that an event may not have. */
export function copyOf(value: unknown, chars: number): Copy {
  let values = 0
  let left = chars * 4
  let isCut = false

  const textOf = (text: string): string => {
    const most = Math.min(chars, left)
    if (text.length > most) isCut = true
    left -= Math.min(text.length, most)
    return most > 0 ? clip(text, most) : ''
  }
  const cut = () => {
    isCut = true
    return '…'
  }
  const keyOf = (key: string) => (key === '__proto__' ? '(__proto__)' : clip(key, longestKey))

  function copy(one: unknown, level: number): unknown {
    values += 1
    if (values > mostValues) return cut()
    if (typeof one === 'string') return textOf(one)
    if (typeof one === 'number') return Number.isSafeInteger(one) || (Number.isFinite(one) && !Number.isInteger(one)) ? one : String(one)
    if (typeof one !== 'object' || one === null) return one
    if (level >= mostLevels) return cut()
    const isList = Array.isArray(one)
    const entries: [string, unknown][] = []
    for (const key in one) {
      if (values > mostValues || left <= 0) {
        isCut = true
        break
      }
      entries.push([isList ? key : keyOf(key), copy((one as Record<string, unknown>)[key], level + 1)])
    }
    return isList ? entries.map(([, item]) => item) : Object.fromEntries(entries)
  }
  return { value: copy(value, 0), isCut }
}

/** Fields of an event's data from a foreign record's, each of its own size; what was cut is named. */
export function dataOf(fields: Json, chars: Readonly<Record<string, number>>, usual: number): Record<string, unknown> {
  const clipped: string[] = []
  const data = Object.entries(fields).flatMap(([name, field]) => {
    if (field === undefined) return []
    const { value, isCut } = copyOf(field, chars[name] ?? usual)
    if (isCut) clipped.push(name)
    return [[name, value] as const]
  })
  return { ...Object.fromEntries(data), ...(clipped.length > 0 ? { clipped } : {}) }
}

/** The fields of a record that are not named. */
export const others = (record: Json, named: ReadonlySet<string>): Json =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !named.has(name)))
