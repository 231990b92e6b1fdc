/** Keyset pages: a list's cursor is the last row's sort key, so that a page never skips or repeats what did not move. */
import Type from 'typebox'
import { Refused } from '../http/problem.ts'

export const mostItems = 1_000
export const Limit = Type.Integer({ minimum: 1, maximum: mostItems, default: 100, description: 'Most items of the page.' })
export const ListCursor = Type.Optional(
  Type.String({
    maxLength: 2_000,
    description: '`next` of the page before. A page may be short or empty and have a next one: null ends the list.',
  }),
)

export type Key = readonly (string | number)[]

/** What a list's statement found, in order; `edge`: the key up to which it looked, when there is more behind it. */
export interface Scanned<R> {
  readonly rows: readonly R[]
  readonly edge?: Key | undefined
}

/** What a part of a key may be; a forged one must not reach the database as another type. */
const isKind = {
  text: (part: unknown) => typeof part === 'string' && !part.includes('\u0000'),
  number: (part: unknown) => Number.isSafeInteger(part),
  id: (part: unknown) => typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
}

const encodeKey = (list: string, key: Key): string => Buffer.from(JSON.stringify([list, ...key])).toString('base64url')

/** Refuses a cursor of another list or of none. */
export function decodeKey(list: string, kinds: readonly (keyof typeof isKind)[], cursor: string | undefined): Key | undefined {
  if (cursor === undefined) return undefined
  try {
    const [name, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, ...(string | number)[]]
    if (name === list && key.length === kinds.length && key.every((part, i) => isKind[kinds[i] ?? 'text'](part))) return key
  } catch {
    // Falls through to the refusal.
  }
  throw new Refused({ code: 'BAD_CURSOR', detail: `The cursor is not one of this list's.` })
}

/** `rows` holds one more than `limit` when there is a next page. */
export function pageOf<R, T>(
  list: string,
  { rows, edge }: Scanned<R>,
  limit: number,
  view: (row: R) => T,
  keyOf: (row: R) => Key,
): { items: T[]; next: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? keyOf(last) : edge
  return { items: shown.map(view), next: next === undefined ? null : encodeKey(list, next) }
}
