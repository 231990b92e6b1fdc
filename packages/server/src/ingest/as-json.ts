/** What a binary codec brought, held to what JSON can say: MessagePack also has dates, byte strings and extensions, which no reader of ours knows. */
import { inspect } from 'node:util'
import type { RawItem } from './receive.ts'

const shownChars = 10_000

/** MessagePack's reader renames the key; under its own name it is refused like JSON's. */
function restoreProto(node: object): void {
  const renamed = Object.getOwnPropertyDescriptor(node, '__proto_')
  if (renamed === undefined) return
  Reflect.deleteProperty(node, '__proto_')
  Object.defineProperty(node, '__proto__', renamed)
}

/** Without recursion: depth comes from the sender. */
function isJson(root: unknown): boolean {
  const open = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'bigint') return false
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) {
      if (Object.getPrototypeOf(value) !== Object.prototype) return false
      restoreProto(value)
    }
    for (const inner of Object.values(value)) open.push(inner)
  }
  return true
}

export const asItem = (value: unknown): RawItem =>
  isJson(value) ? { value } : { malformed: inspect(value, { depth: 4, maxStringLength: 1_000 }).slice(0, shownChars) }
