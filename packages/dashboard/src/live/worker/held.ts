/** A feed's newest rows as they came, for who joins later. */
import type { LiveRow, RemovedRow, ServerFrame } from '@signalbox/model/live.ts'

export interface HeldRows {
  apply(delta: ServerFrame & { readonly kind: 'delta' }): void
  /** All of them, as of `cursor`. */
  snapshot(cursor: string): ServerFrame[]
}

/** Rows of one page: so many are taken over by a page in one of its frames. */
const pageRows = 2_000

const nameOf = ({ table, key, partition }: RemovedRow) => `${table}\u001e${partition}\u001e${key}`

export function createHeldRows(rows: readonly LiveRow[]): HeldRows {
  const held = new Map(rows.map((row) => [nameOf(row), row]))
  return {
    apply(delta) {
      for (const row of delta.rows) held.set(nameOf(row), row)
      for (const row of delta.removed ?? []) held.delete(nameOf(row))
    },
    snapshot(cursor) {
      const all = [...held.values()]
      const pages: ServerFrame[] = []
      for (let i = 0; i === 0 || i < all.length; i += pageRows)
        pages.push({ kind: 'snapshot', sub: '', cursor, rows: all.slice(i, i + pageRows), last: i + pageRows >= all.length })
      return pages
    },
  }
}
