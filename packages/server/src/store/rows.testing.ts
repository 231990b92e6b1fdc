/** All rows of the fold that are stored, wherever they are. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { everyCall } from './calls-read.ts'

export interface StoredRow {
  readonly partition: number
  readonly tenant: TenantId
  readonly tbl: Table
  readonly key: string
  readonly position: number
  readonly body: RowOf[Table]
}

/** By partition, tenant, table and key. */
export async function storedRows(client: Pick<Client, 'query'>): Promise<StoredRow[]> {
  const { rows } = await client.query<Omit<StoredRow, 'position'> & { readonly position: string }>(
    'select partition, tenant, tbl, key, position, body from projections',
  )
  const found = new Map<string, StoredRow>()
  const add = (row: StoredRow) => found.set(`${row.partition} ${row.tenant} ${row.tbl} ${row.key}`, row)
  for (const row of rows) add({ ...row, position: Number(row.position) })
  const { rows: heads } = await client.query<{ partition: number }>('select partition from heads')
  for (const { partition } of heads)
    for await (const calls of everyCall(client, partition))
      for (const { tenant, key, position, row } of calls) add({ partition, tenant, tbl: 'calls', key, position, body: row })
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
