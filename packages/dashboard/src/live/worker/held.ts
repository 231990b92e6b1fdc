/** A feed's newest rows as they came, for who joins later. */
import type { LiveRow, RemovedRow, ServerFrame } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'

export interface HeldRows {
  apply(delta: ServerFrame & { readonly kind: 'delta' }): void
  /** All of them, as of `cursor`. */
  snapshot(cursor: string): ServerFrame[]
}

/** Rows of one page: so many are taken over by a page in one of its frames. */
const pageRows = 2_000

const nameOf = ({ table, key, partition }: RemovedRow) => `${table}\u001e${partition}\u001e${key}`

/** `truncated`: of the snapshot that the rows came with. */
export function createHeldRows(rows: readonly LiveRow[], truncated?: readonly Table[]): HeldRows {
  const held = new Map(rows.map((row) => [nameOf(row), row]))
  return {
    apply(delta) {
      for (const row of delta.rows) held.set(nameOf(row), row)
      for (const row of delta.removed ?? []) held.delete(nameOf(row))
    },
    snapshot(cursor) {
      const all = [...held.values()]
      const pages: ServerFrame[] = []
      for (let i = 0; i === 0 || i < all.length; i += pageRows) {
        const last = i + pageRows >= all.length
        const end = last && truncated !== undefined ? { truncated } : {}
        pages.push({ kind: 'snapshot', sub: '', cursor, rows: all.slice(i, i + pageRows), last, ...end })
      }
      return pages
    },
  }
}
