/** Foreign JSON as `data` may hold it: what is too long, too deep, too much or not exact is cut or spelt out, and never refused. */
import { clip, clipChars, type Json } from '@signalbox/model/text.ts'

/** Well within what an event may hold. */
const most = { depth: 12, entries: 500, keyChars: 200, named: 50 } as const

export interface Kept {
  readonly attributes: Json
  /** Names of the fields that are not whole. */
  readonly clipped: readonly string[]
}

export function kept(fields: Json): Kept {
  const clipped = new Set<string>()
  let left: number = most.entries

  /** `cut` is told that something is missing. */
  function value(of: unknown, depth: number, cut: () => void): unknown {
    if (typeof of === 'string') {
      if (of.length > clipChars) cut()
      return clip(of)
    }
    // JSON has no word for what a number of `1e400` became.
    if (typeof of === 'number') return Number.isSafeInteger(of) || (Number.isFinite(of) && !Number.isInteger(of)) ? of : String(of)
    if (typeof of !== 'object' || of === null) return of
    if (depth === 0) {
      cut()
      return '…'
    }
    return Array.isArray(of) ? list(of, depth, cut) : record(of as Json, depth, () => cut)
  }

  function list(items: readonly unknown[], depth: number, cut: () => void): unknown[] {
    const taken = items.slice(0, left)
    if (taken.length < items.length) cut()
    left -= taken.length
    return taken.map((item) => value(item, depth - 1, cut))
  }

  function record(object: Json, depth: number, cutOf: (key: string) => () => void): Json {
    const taken: Record<string, unknown> = Object.create(null)
    for (const key in object) {
      const cut = cutOf(key)
      left -= 1
      if (left < 0 || key === '__proto__') {
        cut()
        if (left < 0) break
        continue
      }
      taken[clip(key, most.keyChars)] = value(object[key], depth - 1, cut)
    }
    return taken
  }

  const attributes = record(fields, most.depth, (key) => () => clipped.add(clip(key, most.keyChars)))
  return { attributes, clipped: [...clipped].slice(0, most.named) }
}
