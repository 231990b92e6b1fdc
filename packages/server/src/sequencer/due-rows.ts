/** Rows that a partition's commits changed and that are not written yet: the newest of each key, and what is stored under it. */
import type { TenantId } from '@signalbox/model/event.ts'
import { type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { isOpenCall } from '../store/row-columns.ts'
import type { RowWrite } from '../store/rows-write.ts'
import type { CommittedRow } from './commit.ts'

interface DueRow extends RowWrite {
  position: number
  row: RowOf[Table]
  /** Undefined: nothing is. */
  readonly stored: RowOf[Table] | undefined
}

export interface DueRows {
  get<T extends Table>(tenant: TenantId, table: T, key: string): RowOf[T] | undefined
  /** `stored`: what is under its key, if nothing was due there before. */
  put(row: CommittedRow, stored: RowOf[Table] | undefined): void
  has(tenant: TenantId): boolean
  readonly size: () => number
  /** How each must be written. */
  sorted(): { readonly created: readonly RowWrite[]; readonly moved: readonly RowWrite[]; readonly changed: readonly RowWrite[] }
}

type Maps = Record<Table, Map<string, DueRow>>
const maps = (): Maps => ({ agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() })

export function createDueRows(): DueRows {
  const byTenant = new Map<TenantId, Maps>()
  let size = 0
  return {
    get: <T extends Table>(tenant: TenantId, table: T, key: string) => byTenant.get(tenant)?.[table].get(key)?.row as RowOf[T] | undefined,
    put({ tenant, table, key, position, row }, stored) {
      let own = byTenant.get(tenant)
      if (own === undefined) {
        own = maps()
        byTenant.set(tenant, own)
      }
      const held = own[table].get(key)
      if (held === undefined) {
        size += 1
        own[table].set(key, { tenant, table, key, position, row, stored })
      } else {
        held.position = position
        held.row = row
      }
    },
    has: (tenant) => byTenant.has(tenant),
    size: () => size,
    sorted() {
      const created: RowWrite[] = []
      const moved: RowWrite[] = []
      const changed: RowWrite[] = []
      for (const own of byTenant.values()) {
        for (const table of tables) {
          for (const due of own[table].values()) {
            if (due.stored === undefined) created.push(due)
            else if (isOpenCall(table, due.stored)) moved.push(due)
            else changed.push(due)
          }
        }
      }
      return { created, moved, changed }
    },
  }
}
