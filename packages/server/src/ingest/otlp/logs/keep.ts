/** What an event keeps of a foreign record's values: long strings cut, deep nesting ended, and told by name. */
import { clip, clipChars } from '@signalbox/model/text.ts'

export type Kept = Record<string, unknown>

/** Far less than an event's data may have, and than a stack takes. */
const mostLevels = 16
const mostNamed = 20
const mostNameChars = 100

/** A number that JSON or an event cannot hold exactly is text. */
export const exact = (number: number): number | string =>
  Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number)) ? number : String(number)

/** `clipped`: paths of what was cut, at most 20. Objects have no prototype: keys are the sender's. */
export function keep(value: unknown): { readonly value: unknown; readonly clipped: readonly string[] } {
  const clipped: string[] = []
  const cut = (path: string) => {
    if (clipped.length < mostNamed) clipped.push(clip(path, mostNameChars))
  }
  const kept = (held: unknown, path: string, level: number): unknown => {
    if (typeof held === 'string') {
      if (held.length > clipChars) cut(path)
      return clip(held)
    }
    if (typeof held === 'number') return exact(held)
    if (typeof held !== 'object' || held === null) return held
    if (level > mostLevels) {
      cut(path)
      return '…'
    }
    if (Array.isArray(held)) return held.map((item, i) => kept(item, `${path}.${i}`, level + 1))
    const object: Kept = Object.create(null)
    for (const [key, item] of Object.entries(held)) object[key] = kept(item, path === '' ? key : `${path}.${key}`, level + 1)
    return object
  }
  return { value: kept(value, '', 0), clipped }
}
