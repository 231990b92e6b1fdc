/** What was picked last, by this browser: it stands first. */
import { type Kind, kinds } from './rank.ts'

export interface Recent {
  readonly kind: Kind
  readonly key: string
}

const place = 'signalbox.recent'
const most = 12

export function recents(): readonly Recent[] {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(place) ?? '[]')
    if (!Array.isArray(held)) return []
    return held.filter(
      (entry): entry is Recent =>
        typeof entry === 'object' && entry !== null && typeof entry.key === 'string' && kinds.includes(entry.kind),
    )
  } catch {
    return []
  }
}

export function notePicked({ kind, key }: Recent): void {
  const others = recents().filter((entry) => entry.kind !== kind || entry.key !== key)
  localStorage.setItem(place, JSON.stringify([{ kind, key }, ...others].slice(0, most)))
}
