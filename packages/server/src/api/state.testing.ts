/** The state of a moment read as simply as it can be, all of the nearest snapshot and the log from there: what the layers are held to. */
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { CallRow, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Refused } from '../http/problem.ts'
import { callsOf } from '../store/calls-read.ts'
import { refold, sayRefused } from '../store/refold.ts'
import type { LogReader } from '../store/store.ts'
import type { FoldedRows } from './state.ts'

type SnapshotState = readonly (readonly [TenantId, Table, string, RowOf[Table]])[]

const pageEvents = 2_000
const decompress = promisify(zstdDecompress)

/** What rested at the snapshot and before, oldest first; one at a time, since each is large. Index: primary key of snapshots_kept. */
async function* keptStates(pool: Pool, partition: number, upTo: number): AsyncGenerator<Buffer> {
  for (let last = 0; ; ) {
    const { rows } = await pool.query<{ position: string; state: Buffer }>(
      'select position, state from snapshots_kept where partition = $1 and position > $2 and position <= $3 and fold = $4 order by position limit 1',
      [partition, last, upTo, FOLD_VERSION],
    )
    if (rows[0] === undefined) return
    yield rows[0].state
    last = Number(rows[0].position)
  }
}

/** Those that are as they were, and those that were others. */
async function closedCalls(pool: Pool, tenant: TenantId, partition: number, upTo: number): Promise<{ key: string; body: CallRow }[]> {
  const { rows } = await pool.query<{ key: string; body: CallRow }>(
    `select key, body from projections_closed where tenant = $1 and partition = $2 and position <= $3
     union all select key, body from calls_replaced where tenant = $1 and partition = $2 and position <= $3 and until > $3`,
    [tenant, partition, upTo],
  )
  const inChunks = (await callsOf(pool, tenant, partition)).filter(({ position }) => position <= upTo)
  return [...rows, ...inChunks.map(({ key, row }) => ({ key, body: row }))]
}

/**
 * One set of rows per partition: a reader joins the agents.
 * Refuses a moment whose history left with the retention, unless a snapshot holds it: half a state would look like a whole one.
 */
export async function stateAt(
  { pool, reader }: { readonly pool: Pool; readonly reader: LogReader },
  tenant: TenantId,
  positions: readonly number[],
  log: Pick<Logger, 'error'>,
): Promise<FoldedRows[]> {
  const oldest = await reader.oldest()
  return Promise.all(
    positions.map(async (upTo, partition) => {
      const rows = createRows()
      const { rows: found } = await pool.query<{ position: string; state: Buffer }>(
        'select position, state from snapshots where partition = $1 and position <= $2 and fold = $3 order by position desc limit 1',
        [partition, upTo, FOLD_VERSION],
      )
      let after = Number(found[0]?.position ?? 0)
      const exact = found[0] !== undefined && after === upTo
      if (!exact && after + 1 < (oldest[partition] ?? 1))
        throw new Refused({
          code: 'HISTORY_GONE',
          detail: `The log of partition ${partition} starts at ${oldest[partition]}; this moment needs it from ${after + 1}.`,
        })
      const apply = async (state: Buffer) => {
        for (const [owner, table, key, row] of JSON.parse(String(await decompress(state))) as SnapshotState)
          if (owner === tenant) rows.set(table, key, row)
      }
      if (found[0] !== undefined) {
        for await (const state of keptStates(pool, partition, after)) await apply(state)
        for (const { key, body } of await closedCalls(pool, tenant, partition, after)) rows.set('calls', key, body)
        await apply(found[0].state)
      }
      while (after < upTo) {
        const { events, scannedTo } = await reader.readPartition({ tenant, partition, after, upTo, limit: pageEvents })
        for (const event of events) refold(rows, event, sayRefused(log))
        after = scannedTo
      }
      return rows
    }),
  )
}
