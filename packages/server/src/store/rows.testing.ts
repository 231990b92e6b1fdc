/** All rows of the fold that are stored, wherever they are. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { callsOf, everyCall } from './calls-read.ts'
import { columnsOf } from './row-columns.ts'

export interface StoredRow {
  readonly partition: number
  readonly tenant: TenantId
  readonly tbl: Table
  readonly key: string
  readonly position: number
  readonly body: RowOf[Table]
}

/** Calls that closed so far, as versions before chunks stored them: rows, and what they were before a late event changed them. */
export async function callsAsRows(client: Pick<Client, 'query'>): Promise<void> {
  const { rows: owners } = await client.query<{ tenant: TenantId; partition: number }>('select distinct tenant, partition from call_chunks')
  for (const { tenant, partition } of owners) {
    const versions = Map.groupBy(await callsOf(client, tenant, partition), ({ key }) => key)
    for (const [key, calls] of versions) {
      const [first, ...later] = calls.toSorted((a, b) => a.position - b.position)
      if (first === undefined) continue
      let was = first
      for (const next of later) {
        await client.query('insert into calls_replaced (partition, position, until, tenant, key, body) values ($1, $2, $3, $4, $5, $6)', [
          ...[partition, was.position, next.position],
          ...[tenant, key, was.json],
        ])
        was = next
      }
      await client.query(
        `insert into projections (position, born, sort, partition, open, tbl, tenant, key, run, agent, task, state, body)
         values ($1, $2, $3, $4, false, 'calls', $5, $6, $7, $8, $9, $10, $11)
         on conflict (tenant, tbl, key, partition, open) do update set position = excluded.position, state = excluded.state, body = excluded.body`,
        [
          was.position,
          first.position,
          columnsOf('calls', was.row)[0],
          partition,
          tenant,
          key,
          ...columnsOf('calls', was.row).slice(1),
          was.json,
        ],
      )
    }
  }
  await client.query('truncate call_chunks')
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
