import type { Event } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { AgentRow, RowOf, Table } from '@signalbox/model/rows.ts'
import pg from 'pg'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { after, event, type Line, line } from '../sequencer/testing.ts'
import { everyCall } from './calls-read.ts'
import { converterFrom } from './convert.ts'
import { createLogDays } from './days.ts'
import { openStore } from './open.ts'
import { rebuildProjections } from './rebuild.ts'
import { columnsOf } from './row-columns.ts'
import { callsAsRows } from './rows.testing.ts'

const dayMs = 86_400_000

/** A log that says what it is told. */
function listening() {
  const said: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line) as Record<string, unknown>) })
  return { log, said }
}

const call = (i: number, more: Partial<Event>) => event({ run: `r${i % 3}`, agent: `w${i % 5}`, ...more })
/** Calls left open, ended by others; tasks that move; two tenants. */
const work = (from: number, count: number, time = Date.now()): Event[] =>
  Array.from({ length: count }, (_, n) => n + from).flatMap((i) => [
    call(i, { time, type: 'tool.started', data: { call: `c${i}`, name: 'say "\u0000"' } }),
    call(i, { time, type: 'llm.started', data: { call: `m${i}`, model: 'large' }, tenant: i % 4 === 0 ? 'other' : 'default' }),
    call(i, { time, type: 'task.assigned', task: `t${i % 7}`, data: { to: `w${(i + 1) % 5}` } }),
    ...(i % 2 === 0 ? [call(i, { time, type: 'tool.finished', agent: i % 3 === 0 ? undefined : 'closer', data: { call: `c${i}` } })] : []),
  ])

interface StoredColumns {
  readonly partition: number
  readonly tenant: string
  readonly tbl: Table
  readonly key: string
  readonly position: string
  readonly sort: string
  readonly run: string | null
  readonly agent: string | null
  readonly task: string | null
  readonly state: string | null
  readonly body: RowOf[Table]
}

/** Closed calls of chunks as they would be as rows. */
async function chunkRows({ store: { pool, meta } }: Line): Promise<StoredColumns[]> {
  const found: StoredColumns[] = []
  for (let partition = 0; partition < meta.partitions; partition += 1)
    for await (const calls of everyCall(pool, partition))
      for (const { tenant, key, position, row } of calls) {
        const [sort, run, agent, task, state] = columnsOf('calls', row)
        found.push({
          ...{ partition, tenant, tbl: 'calls', key, position: String(position) },
          ...{ sort: String(sort), run, agent, task, state, body: row },
        })
      }
  return found
}

/** All rows, wherever they are. */
async function written(it: Line): Promise<readonly string[]> {
  await it.store.projections.caughtUp()
  const { rows } = await it.store.pool.query<StoredColumns>(
    'select partition, tenant, tbl, key, position, sort, run, agent, task, state, body from projections',
  )
  const found = new Map<string, string>()
  for (const row of [...rows, ...(await chunkRows(it))]) {
    const { partition, tenant, tbl, key, position, sort, run, agent, task, state, body } = row
    found.set(JSON.stringify([partition, tenant, tbl, key]), JSON.stringify([position, sort, run, agent, task, state, body]))
  }
  return [...found].map(([key, row]) => `${key} ${row}`).sort()
}

/** How many rows of closed calls there are, how many calls in chunks, and how many of those closed again. */
async function places({ store: { pool } }: Line) {
  const { rows } = await pool.query<{ rows: number; calls: number; again: number }>(
    `select (select count(*)::int from projections_closed) as rows, coalesce(sum(count), 0)::int as calls,
       coalesce(sum(count) filter (where again), 0)::int as again from call_chunks`,
  )
  return rows[0]
}

const versions = async ({ store }: Line) =>
  (await store.pool.query<{ fold: string }>('select fold from heads order by partition')).rows.map(({ fold }) => fold)

const fold1Count = 4_711
const oldKey = (key: string) => key.replace(/\u001f(llm|tool)\u001f/, '\u001f')

/** Rows as fold 1 wrote them: closed calls too, open calls in an object, call keys without their kind; and a count that only it came to. */
async function asFold1(it: Line) {
  const { store } = it
  await store.projections.caughtUp()
  await callsAsRows(store.pool)
  const { rows } = await store.pool.query<{ child: string; at: string; tbl: string; key: string; body: Partial<AgentRow> }>(
    'select tableoid::text as child, ctid::text as at, tbl, key, body from projections',
  )
  for (const { child, at, tbl, key, body } of rows) {
    const inFlight = Object.fromEntries(body.inFlight?.map(({ call: open, ...rest }) => [oldKey(open), rest]) ?? [])
    await store.pool.query('update projections set key = $3, body = $4 where tableoid = $1::oid and ctid = $2', [
      child,
      at,
      tbl === 'calls' ? oldKey(key) : key,
      JSON.stringify(tbl === 'agents' ? { ...body, inFlight, events: fold1Count } : body),
    ])
  }
  await store.pool.query("update heads set fold = '1'")
}

const reopen = async (it: Line, log: pino.Logger) => {
  const store = await openStore({ url: it.url, config: { partitions: 2, retentionDays: 30, quarantineItems: 1_000 }, log })
  await store.stop()
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  after(() => client.end().catch(() => undefined))
  return client
}

test('rows of another fold are made again from the log, and the next start has nothing to do', async () => {
  const it = await line()
  await it.send(work(0, 200))
  const due = await written(it)
  const calls = { ...(await places(it)), rows: 0 }
  expect(calls).toMatchObject({ calls: 100 })
  await asFold1(it)
  expect(await places(it)).toEqual({ rows: 100, calls: 0, again: 0 })
  expect(await written(it)).not.toEqual(due)
  const { log, said } = listening()
  await reopen(it, log)
  expect(await written(it)).toEqual(due)
  expect(await places(it)).toEqual(calls)
  expect(await versions(it)).toEqual([FOLD_VERSION, FOLD_VERSION])
  expect(said.filter(({ msg }) => String(msg).includes('making them again'))).toMatchObject([{ made: '1' }, { made: '1' }])
  const { rows } = await it.store.pool.query('select epoch, former_epochs from meta')
  expect(rows).toEqual([{ epoch: expect.not.stringMatching(it.store.meta.epoch), former_epochs: [it.store.meta.epoch] }])
  const again = listening()
  await reopen(it, again.log)
  expect(again.said.filter(({ msg }) => String(msg).includes('fold'))).toEqual([])
  // The line's own writer held rows of the old fold: it reads the new ones and goes on.
  await it.send(work(200, 20))
  const before = await written(it)
  await it.store.pool.query("update heads set fold = 'another'; update call_chunks set calls = 'not read', hashes = '{}'")
  await Promise.all([reopen(it, log), reopen(it, log)])
  expect(await written(it)).toEqual(before)
  expect(await places(it)).toEqual({ rows: 0, calls: 110, again: 0 })
})

test('whenever it is killed, the old rows or the new ones are whole, and the next start comes to the new ones', async () => {
  const it = await line({ partitions: 1 })
  await it.send(work(0, 40))
  const due = await written(it)
  await asFold1(it)
  const old = await written(it)
  await it.store.pool.query('create table rows_then as select * from projections')
  const { log } = listening()
  let isFinished = false
  for (let kill = 1; !isFinished; kill += 1) {
    await it.store.pool.query(
      `truncate projections, call_chunks; insert into projections select * from rows_then; update heads set fold = '1'`,
    )
    const client = await connected(it.url)
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const query = client.query.bind(client)
    let queries = 0
    Object.assign(client, {
      async query(...args: Parameters<typeof query>) {
        queries += 1
        if (queries === kill) await it.store.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
        return query(...args)
      },
    })
    isFinished = await rebuildProjections({ client, log, pageEvents: 60 }).then(
      () => true,
      () => false,
    )
    const [fold] = await versions(it)
    expect(await written(it), `killed at its query ${kill}`).toEqual(fold === '1' ? old : due)
    const next = await connected(it.url)
    await rebuildProjections({ client: next, log, pageEvents: 60 })
    await next.end()
    expect(await written(it), `taken up after its query ${kill}`).toEqual(due)
    expect(await versions(it)).toEqual([FOLD_VERSION])
    if (kill > 300) throw new Error('It never finished.')
  }
  expect((await it.store.pool.query("select from checkpoints where consumer like 'rebuild%'")).rowCount).toBe(0)
})

test('what was folded before a kill is not folded again', async () => {
  const it = await line({ partitions: 1 })
  await it.send(work(0, 60))
  await it.store.pool.query("update heads set fold = '1'")
  const first = await connected(it.url)
  const query = first.query.bind(first)
  Object.assign(first, {
    query: async (...args: Parameters<typeof query>) =>
      String(args[0]).includes('for update') ? Promise.reject(new Error('killed')) : query(...args),
  })
  const { log, said } = listening()
  await expect(rebuildProjections({ client: first, log, pageEvents: 10 })).rejects.toThrow('killed')
  const { rows } = await it.store.pool.query("select position::int from checkpoints where consumer like 'rebuild%'")
  expect(rows).toEqual([{ position: it.commits.at(-1)?.to }])
  // Were the log read again, these would be missed.
  await it.store.pool.query('delete from log where position < 20')
  const due = await written(it)
  const next = await connected(it.url)
  await rebuildProjections({ client: next, log, pageEvents: 10 })
  expect(await written(it)).toEqual(due)
  expect(said.filter(({ msg }) => String(msg).includes('no longer whole'))).toEqual([])
})

const longAgo = Date.now() - 5 * dayMs
/** The retention drops what happened long ago. */
const expire = async ({ store }: Line) => {
  await store.projections.caughtUp()
  return createLogDays(store.pool, { retentionDays: 1 }, Date.now).dropExpired()
}

test('where the log is no longer whole, rows of a known fold are converted and none is lost', async () => {
  const it = await line()
  await it.send(work(0, 60, longAgo))
  await it.send(work(60, 10))
  const due = await written(it)
  await asFold1(it)
  expect((await expire(it)).length).toBeGreaterThan(0)
  const { log, said } = listening()
  await reopen(it, log)
  expect(await written(it)).toEqual(due.map((row) => row.replace(/("agents".*"events":)\d+/, `$1${fold1Count}`)))
  expect(await versions(it)).toEqual([FOLD_VERSION, FOLD_VERSION])
  expect(said.filter(({ msg }) => String(msg).includes('rows were converted'))).toHaveLength(2)
  expect(await places(it)).toMatchObject({ rows: 0, again: 0 })
})

test('calls in chunks are converted with the rows of before there were any, each once, and counted once', async () => {
  const it = await line()
  const told = (i: number, type: string) => call(i, { time: longAgo, type, data: { call: `late${i}`, name: 'search', durationMs: 5 } })
  const some = (from: number, type: string) => Array.from({ length: 20 }, (_, i) => told(from + i, type))
  await it.send(some(0, 'tool.finished'))
  await it.store.projections.caughtUp()
  await callsAsRows(it.store.pool)
  await it.send([...some(10, 'tool.finished'), ...work(0, 20)])
  await it.store.projections.caughtUp()
  // Twenty of them are rows, and changed since, half of them twice; of those in chunks five changed.
  await it.send([...some(0, 'tool.started'), ...some(20, 'tool.started').slice(0, 5)])
  const due = await written(it)
  expect(await places(it)).toEqual({ rows: 20, calls: 55, again: 35 })
  const figures = async () =>
    (
      await it.store.pool.query(
        "select * from rollups where kind not in ('event', 'type') order by tenant, minute, kind, agent, name, partition",
      )
    ).rows
  const counted = await figures()
  expect(counted.length).toBeGreaterThan(0)
  expect((await expire(it)).length).toBeGreaterThan(0)
  await it.store.pool.query("update heads set fold = '6'")
  await reopen(it, listening().log)
  expect(await written(it)).toEqual(due)
  expect(await figures()).toEqual(counted)
  expect(await places(it)).toEqual({ rows: 0, calls: 40, again: 0 })
  expect(await versions(it)).toEqual([FOLD_VERSION, FOLD_VERSION])
})

test('from a fold that is not known here what is left of the log is folded, and what is lost is said by table', async () => {
  const it = await line({ partitions: 1 })
  await it.send(work(0, 10, longAgo))
  await it.store.projections.caughtUp()
  await callsAsRows(it.store.pool)
  // And one of them that is in a chunk too.
  await it.send([...work(10, 20, longAgo), call(0, { time: longAgo, type: 'tool.finished', data: { call: 'c0' } })])
  await expire(it)
  const late = (name: string, type: string) => event({ run: 'late', agent: 'w1', type, data: { call: name, name: 'build' } })
  await it.send([late('late', 'tool.started'), late('done', 'tool.started'), late('done', 'tool.finished')])
  await it.store.projections.caughtUp()
  expect(await places(it)).toEqual({ rows: 5, calls: 12, again: 1 })
  await it.store.pool.query("update heads set fold = 'of the future'")
  const { log, said } = listening()
  await reopen(it, log)
  const { rows } = await it.store.pool.query<{ tbl: string; key: string }>('select tbl, key from projections order by tbl')
  expect(rows).toEqual([
    { tbl: 'agents', key: 'w1' },
    { tbl: 'calls', key: 'late\u001ftool\u001flate' },
    { tbl: 'runs', key: 'late' },
  ])
  expect((await chunkRows(it)).map(({ key }) => key)).toEqual(['late\u001ftool\u001fdone'])
  expect(said.find(({ lost }) => lost !== undefined)).toMatchObject({
    level: 50,
    made: 'of the future',
    lost: { agents: 10, calls: 60, runs: 6, tasks: 21 },
  })
})

test('the rows of every fold before this one can be converted', () => {
  for (let fold = 1; fold < Number(FOLD_VERSION); fold += 1) expect(converterFrom(String(fold)), `fold ${fold}`).toBeDefined()
})
