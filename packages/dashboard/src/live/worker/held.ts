/** A feed's newest rows as they came, for who joins later. */
import type { LiveRow, RemovedRow, ServerFrame } from '@signalbox/model/live.ts'

export interface HeldRows {
  apply(delta: ServerFrame & { readonly kind: 'delta' }): void
  all(): readonly LiveRow[]
}

const nameOf = ({ table, key, partition }: RemovedRow) => `${table}\u001e${partition}\u001e${key}`

export function createHeldRows(rows: readonly LiveRow[]): HeldRows {
  const held = new Map(rows.map((row) => [nameOf(row), row]))
  return {
    apply(delta) {
      for (const row of delta.rows) held.set(nameOf(row), row)
      for (const row of delta.removed ?? []) held.delete(nameOf(row))
    },
    all: () => [...held.values()],
  }
}
