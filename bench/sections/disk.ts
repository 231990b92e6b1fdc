/** What an event takes on disk, beside its JSON as it was sent; and what sealed days would take as compressed chunks. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { copyLine, type LogRow, logColumns, toEvent } from '@signalbox/server/store/log-row.ts'
import { readLog } from '@signalbox/server/store/reader.ts'
import pg from 'pg'
import { type Bench, count, wanted } from '../harness.ts'
import { measureChunks } from './disk-chunks.ts'
import type { Past } from './history.ts'

const sampledEvents = 20_000

/** Bytes of tables and of indexes by what they are; a day of the log by its parent. */
const sizesOf = `select case when c.relname ~ '^log_\\d' then 'log' when c.relname like 'projections%' or c.relname = 'call_chunks' then 'rows'
      when c.relname like 'snapshots%' then 'snapshots' else c.relname end as what,
    sum(pg_table_size(c.oid))::float8 as own, sum(pg_indexes_size(c.oid))::float8 as indexes
  from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by 1 order by 2 desc`
const indexesOf = `select case when i.indisprimary then 'id' else a.attname end as what, sum(pg_relation_size(i.indexrelid))::float8 as bytes
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
  where c.relname ~ '^log_\\d' group by 1 order by 2 desc`

const sentBytes = (event: LoggedEvent): number => {
  const { partition: _p, position: _q, receivedAt: _r, ...sent } = JSON.parse(toWire(event)) as Record<string, unknown>
  return Buffer.byteLength(JSON.stringify(sent))
}

interface Disk {
  readonly events: number
  /** Bytes of an event as it was sent. */
  readonly json: number
  readonly all: number
  readonly log: number
  readonly chunks: number
}

/** Bytes of all tables. */
export async function diskOf(pool: pg.Pool): Promise<Disk> {
  const { rows: heads } = await pool.query<{ events: string }>('select sum(position) as events from heads')
  const { rows: sizes } = await pool.query<{ what: string; own: number; indexes: number }>(sizesOf)
  const of = (what: string) =>
    sizes.filter((size) => what === '' || size.what === what).reduce((sum, { own, indexes }) => sum + own + indexes, 0)
  const sample = await readLog(pool, 0, 0, sampledEvents, sampledEvents)
  const json = sample.reduce((sum, event) => sum + sentBytes(event), 0) / sample.length
  return { events: Number(heads[0]?.events), json, all: of(''), log: of('log'), chunks: of('log_chunks') }
}

export async function measureDisk(bench: Bench, { server }: Past): Promise<void> {
  const client = new pg.Client({ connectionString: await server.database() })
  await client.connect()
  try {
    const { rows: heads } = await client.query<{ events: string }>('select sum(position) as events from heads')
    const events = Number(heads[0]?.events)
    const { rows: sample } = await client.query<LogRow>(
      `select ${logColumns} from log where partition = 0 order by position desc limit ${sampledEvents}`,
    )
    const json = sample.reduce((sum, row) => sum + sentBytes(toEvent(row)), 0) / sample.length
    const { rows: sizes } = await client.query<{ what: string; own: number; indexes: number }>(sizesOf)
    const all = sizes.reduce((sum, { own, indexes }) => sum + own + indexes, 0) / events
    const per = (bytes: number) => (bytes / events).toFixed(0)
    const parts = sizes.filter(({ own, indexes }) => (own + indexes) / events >= 1)
    bench.row({
      what: `bytes on disk an event, of everything, ${count(events)} events`,
      figure: `${all.toFixed(0)} bytes: ${parts.map(({ what, own, indexes }) => `${what} ${per(own)} + ${per(indexes)} of indexes`).join(', ')}`,
      beside: `${(all / json).toFixed(2)} of its JSON (${json.toFixed(0)} bytes)`,
      wanted: wanted(all / json, 1.5, 0.6),
    })
    const { rows: indexes } = await client.query<{ what: string; bytes: number }>(indexesOf)
    bench.tell(
      `indexes of the log by their first column, bytes an event: ${indexes.map(({ what, bytes }) => `${what} ${per(bytes)}`).join(', ')}`,
    )
    const sealed = (await readLog(client as unknown as pg.PoolClient, 0, 0, sampledEvents, sampledEvents)).map((event) => ({
      event,
      line: copyLine(event),
    }))
    measureChunks(bench, sealed, json)
  } finally {
    await client.end()
  }
}
