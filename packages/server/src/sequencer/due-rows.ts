/** Rows that a partition's commits changed and that are not written yet: the newest of each key, and what is stored under it. */
import type { TenantId } from '@signalbox/model/event.ts'
import { type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { runOfKey } from '../store/call-chunk.ts'
import { isClosedCall, isOpenCall, type RowWrite } from '../store/row-columns.ts'
import type { RowsWrite } from '../store/rows-write.ts'
import type { CommittedRow } from './commit.ts'

interface DueRow extends RowWrite {
  position: number
  row: RowOf[Table]
}

export interface DueRows {
  get<T extends Table>(tenant: TenantId, table: T, key: string): RowOf[T] | undefined
  /** `stored`: what is under its key, if nothing was due there before. */
  put(row: CommittedRow, stored: RowOf[Table] | undefined): void
  has(tenant: TenantId): boolean
  /** Keys of a run's calls that closed. */
  closedCalls(tenant: TenantId, run: string): string[]
  readonly size: () => number
  /** How each must be written. */
  sorted(): Pick<RowsWrite, 'copied' | 'changed' | 'closed'>
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
    closedCalls(tenant, run) {
      const calls = byTenant.get(tenant)?.calls.values() ?? []
      return [...calls].flatMap(({ key, table, row }) => (isClosedCall(table, row) && runOfKey(key) === run ? [key] : []))
    },
    size: () => size,
    sorted() {
      const copied: RowWrite[] = []
      const changed: RowWrite[] = []
      const closed: RowWrite[] = []
      for (const own of byTenant.values()) {
        for (const table of tables) {
          for (const due of own[table].values()) {
            if (isClosedCall(table, due.row)) closed.push(due)
            else if (due.stored === undefined || isOpenCall(table, due.stored)) copied.push(due)
            else changed.push(due)
          }
        }
      }
      return { copied, changed, closed }
    },
  }
}
