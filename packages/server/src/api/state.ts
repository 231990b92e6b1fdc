/** Where in the log a time is, and the state of now. */
import type { TenantId } from '@signalbox/model/event.ts'
import { createRows } from '@signalbox/model/fold/fold.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import type { Heads, LogReader } from '../store/store.ts'

export type FoldedRows = ReturnType<typeof createRows>

/** Positions whose events were committed at or before `at`. Index: commits_at. */
export async function positionsAt(pool: Pool, partitions: number, at: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const { rows } = await pool.query<{ last: string }>(
        'select last from commits where partition = $1 and at <= $2 order by at desc, last desc limit 1',
        [partition, at],
      )
      return Number(rows[0]?.last ?? 0)
    }),
  )
}

/** The state of now, from the projections: one set of rows per partition, a reader joins the agents. */
export async function stateNow(
  reader: LogReader,
  tenant: TenantId,
  run: string | undefined,
): Promise<{ heads: Heads; rows: FoldedRows[]; truncated: readonly Table[] }> {
  const { heads, rows, truncated } = await reader.snapshot({
    tenant,
    filter: run === undefined ? undefined : { run: [run] },
    endedTasks: true,
  })
  const folded = heads.positions.map(() => createRows())
  for (const { partition, table, key, json } of rows) folded[partition]?.set(table, key, JSON.parse(json) as RowOf[Table])
  return { heads, rows: folded, truncated }
}
