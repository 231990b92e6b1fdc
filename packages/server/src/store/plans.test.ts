/** Every query of the API and of the live stage over 100,000 events and as many rows: none reads a table through for an answer of bounded size. */
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import Fastify from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiRoutes } from '../api/routes.ts'
import { readConfig } from '../config.ts'
import { encodeCursor } from '../live/cursor.ts'
import { forget, take } from '../streams/snapshots.ts'
import { sendBulk } from './bulk.ts'
import { chunkLines, copyCallChunks, hashOfKey, keyOfCall } from './call-chunk.ts'
import { callsOf, pageOfHashes } from './calls-read.ts'
import { openStore, type Store } from './open.ts'
import { createLogReader } from './reader.ts'
import { raiseSummed, sumHour } from './rollups-long.ts'
import { durationColumns, rollupSums } from './rollups-write.ts'
import type { RowWrite } from './row-columns.ts'
import { pageOfRowKeys, planByKey, readAllRows, readRows } from './rows-write.ts'
import type { LogReader } from './store.ts'
import { stopDatabases, withDatabase } from './testing.ts'

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Node[]
}

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]
const isLarge = ({ 'Relation Name': name }: Node) =>
  name !== undefined && /^(log(_\d+)?|projections_(kept|closed)|call_chunks|rollups|snapshots)$/.test(name)
/** Rows of the large tables that were looked at. */
const examined = (plan: Node) =>
  nodesOf(plan)
    .filter(isLarge)
    .reduce((sum, node) => {
      const rows = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
      return sum + rows * (node['Actual Loops'] ?? 1)
    }, 0)
const scannedThrough = (plan: Node) =>
  nodesOf(plan)
    // A day with few events is best read so.
    .filter((node) => isLarge(node) && node['Node Type'] === 'Seq Scan' && examined(node) > smallTable)
    .map((node) => `${node['Relation Name']}`)

interface Asked {
  readonly text: string
  readonly plan: Node
}

/** The same pool; what is asked of it is explained first. */
function explaining<T extends pg.Pool | pg.PoolClient>(held: T, asked: Asked[]): T {
  return new Proxy(held, {
    get(target, name) {
      if (name === 'connect') return async () => explaining(await (target as pg.Pool).connect(), asked)
      if (name !== 'query') {
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async (query: string | pg.QueryConfig, given: unknown[] = []) => {
        const { text, values = given } = typeof query === 'string' ? { text: query } : query
        const [, , statement] = /^\s*(declare .* cursor for )?((?:select|insert|update|delete).*)/s.exec(text) ?? []
        if (statement !== undefined) {
          // What writes is explained by being run.
          const isRead = /^select/.test(statement)
          if (!isRead) await target.query('savepoint explained')
          const { rows } = await target.query<{ 'QUERY PLAN': readonly { readonly Plan: Node }[] }>(
            `explain (analyze, format json) ${statement}`,
            values,
          )
          if (!isRead) await target.query('rollback to explained')
          for (const { Plan: plan } of rows[0]?.['QUERY PLAN'] ?? []) asked.push({ text, plan })
        }
        return typeof query === 'string' ? target.query(query, given) : target.query(query)
      }
    },
  })
}

const dayMs = 86_400_000
const days = 2
const events = 100_000
const partitions = 2
const head = events / partitions
// Whole days: what a part of today holds would depend on the time of day.
const start = Date.now() - (Date.now() % dayMs) - days * dayMs
const startHex = start.toString(16).padStart(12, '0')
const firstId = `${startHex.slice(0, 8)}-${startHex.slice(8)}-7000-8000-000000000000`
/** What one bounded answer may look at: its scan bound, for as many tables and partitions as it touches, and what pages leave unused. */
const mostExamined = 25_000
const smallTable = 5_000
/** As many as rows, and as many in chunks. */
const callsOfBigRun = 24_000
let store: Store
let explained: pg.Pool
let reader: LogReader
const asked: Asked[] = []
const app = Fastify()

/** A row of each table, as the fold writes them. */
function bodies(): Readonly<Record<string, string>> {
  const rows = createRows()
  const data = { call: 'c', name: 'build', to: 'agent 2' }
  for (const type of ['run.started', 'task.assigned', 'tool.started'])
    applyEvent(rows, {
      ...{
        id: uuidv7(start),
        tenant: 'default',
        source: 's',
        type,
        time: start,
        run: 'r',
        agent: 'agent 1',
        task: 't',
        data,
        dataJson: '{}',
      },
      ...{ partition: 0, position: 1, receivedAt: start },
    })
  return Object.fromEntries([...rows.entries()].map(([table, , row]) => [table, JSON.stringify(row)]))
}

/** Calls as they are written some at a time: of a run of many and of two thousand runs of a few, a write each 50 positions. */
async function fillChunks(url: string, call: CallRow): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (let partition = 0; partition < partitions; partition += 1) {
    const lines: Buffer[] = []
    for (let from = 0; from < head; from += 50) {
      const closed = (run: string, id: string, agent: string, position: number): RowWrite => {
        const row: CallRow = { ...call, id, run, agent, endedAt: start + position, outcome: 'finished' }
        return { tenant: 'default', table: 'calls', key: keyOfCall(row), position, row, stored: undefined }
      }
      const calls = Array.from({ length: 25 }, (_, i) =>
        closed(`few ${(from / 50) * 2 + (i % 2)}`, `${from + i}`, `agent ${i}`, from + i + 1),
      )
      if (partition === 0)
        calls.push(...Array.from({ length: 24 }, (_, i) => closed('many', `${from + i}`, `agent ${i % 20}`, from + i + 26)))
      lines.push(await chunkLines(partition, calls))
    }
    await sendBulk(client, copyCallChunks, [Buffer.concat(lines)])
  }
  await client.end()
}

beforeAll(async () => {
  const config = readConfig({})
  const url = await withDatabase()
  store = await openStore({ url, config, log: pino({ level: 'silent' }) })
  await store.days.ensure(
    Array.from({ length: days + 1 }, (_, i) => start + i * dayMs),
    false,
  )
  const { pool } = store
  // Every hundredth event is another tenant's. A run is some fifty events, or a tenth of all; an agent works on many of them.
  await pool.query(
    `insert into log (position, time, received_at, id, partition, tenant, source, type, run, agent, task, data)
     select i / ${partitions} + 1, t, t, (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, i % ${partitions},
       case when i % 100 = 99 then 'other' else 'default' end, 'source ' || i % 50, case when i % 2000 = 0 then 'alert.fired' else 'tool.started' end,
       case when i % 10 = 7 then 'long' else 'run ' || i / 50 end, 'agent ' || i % 2000, 'task ' || i / 20, '{}'
     from generate_series(0, ${events - 1}) i, lateral (select ${start} + i::bigint * ${(days * dayMs) / events} as t) x, lateral (select lpad(to_hex(t), 12, '0') as h) y`,
  )
  await pool.query(
    `insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash)
     select partition, min(position), max(position), max(time), count(*), 0, 0, min(id::text)::uuid, max(id::text)::uuid, '' from log group by partition, (position - 1) / 500`,
  )
  const body = bodies()
  await pool.query(
    `insert into projections (position, sort, partition, open, tbl, tenant, key, run, agent, task, state, body)
     select i / ${partitions} + 1, ${start} + i, i % ${partitions}, tbl = 'calls' and i % 50 = 0, tbl, case when i % 100 = 99 then 'other' else 'default' end,
       case tbl when 'runs' then 'run ' || i / 50 when 'agents' then 'agent ' || i / 50 else 'run ' || i / 50 || chr(31) || i end, 'run ' || i / 50, 'agent ' || i % 2000, 'task ' || i / 20,
       case tbl when 'calls' then case when i % 50 = 0 then 'open' else 'closed' end when 'tasks' then case when i % 50 = 23 then 'working' else 'completed' end when 'runs' then 'finished' else 'idle' end,
       case tbl when 'runs' then $1 when 'agents' then $2 when 'edges' then $3 when 'tasks' then $4 else $5 end::json
     from generate_series(0, ${events - 1}) i,
       lateral (select case when i % 50 = 20 then 'agents' when i % 50 = 21 then 'runs' when i % 50 = 22 then 'edges' when i % 10 in (3, 4, 5) then 'tasks' else 'calls' end as tbl) x`,
    [body.runs, body.agents, body.edges, body.tasks, body.calls],
  )
  // A run of many calls.
  await pool.query(
    `insert into projections (position, sort, partition, open, tbl, tenant, key, run, agent, state, body)
     select 1, ${start} + i, 0, false, 'calls', 'default', 'big' || chr(31) || md5(i::text), 'big', 'agent ' || i % 20, 'closed',
       ($1::jsonb || jsonb_build_object('id', md5(i::text)))::json
     from generate_series(1, ${callsOfBigRun}) i`,
    [body.calls],
  )
  await fillChunks(url, JSON.parse(body.calls ?? '') as CallRow)
  await pool.query('update heads set position = $1, folded = $1', [head])
  await pool.query('vacuum analyze log, projections, call_chunks, commits')
  explained = explaining(pool, asked)
  reader = createLogReader(explained, store.meta, store.projections)
  app.decorateRequest('caller', { getter: () => ({ tenant: 'default', scopes: new Set(['read' as const]) }) })
  await app.register(
    apiRoutes({
      durability: 'durable',
      store: { ...store, pool: explained, reader },
      // A server that came up just now has recorded nothing.
      record: { nearest: () => undefined, changedSince: () => undefined },
      config,
      version: '0',
      now: Date.now,
      log: pino({ level: 'silent' }),
    }),
  )
})
afterAll(async () => {
  await app.close()
  await store?.stop()
  await stopDatabases()
})

/** What was asked since the last look did not read a large table through, nor most of one by an index. */
function expectBounded(most = mostExamined) {
  const found = asked.splice(0)
  expect(found.length).toBeGreaterThan(0)
  for (const { plan, text } of found) {
    expect(scannedThrough(plan), text).toEqual([])
    expect(examined(plan), text).toBeLessThan(most)
  }
}

test.each([
  ['/v1/events?limit=50', 11_000],
  ['/v1/events?run=run%2071&limit=50', 500],
  ['/v1/events?run=run%2071&agent=nobody', 500],
  ['/v1/events?run=long&limit=50', 500],
  ['/v1/events?run=long&limit=50&order=desc', 500],
  ['/v1/events?run=long&agent=nobody', 21_000],
  ['/v1/events?run=run%2071&run=run%2072&limit=50', 11_000],
  ['/v1/events?agent=agent%207&limit=50', 11_000],
  ['/v1/events?type=alert.*&limit=20', 11_000],
  ['/v1/events?agent=nobody&order=asc', 11_000],
  [`/v1/events/${firstId}`, 2],
  ['/v1/agents?limit=10', 30],
  ['/v1/agents?agent=agent%2020', 10],
  ['/v1/agents?run=run%2071', 10],
  ['/v1/agents/agent%2020', 10],
  ['/v1/runs?limit=10', 20],
  ['/v1/runs?state=failed&limit=10', 11_000],
  ['/v1/runs/run%2071', 10],
  ['/v1/runs/run%2071/graph', 100],
  ['/v1/runs/run%2071/calls', 100],
  ['/v1/runs/run%2071/calls?agent=nobody', 100],
  ['/v1/runs/big/calls', 300],
  ['/v1/runs/big/calls?limit=1000', 2_500],
  ['/v1/runs/big/calls?agent=nobody', 11_000],
  ['/v1/runs/many/calls', 700],
  ['/v1/runs/many/calls?limit=1000', 1_600],
  ['/v1/runs/many/calls?agent=nobody', 2_500],
  ['/v1/runs/few%2070/calls', 100],
  ['/v1/events?run=many&call=60', 2_100],
  ['/v1/tasks?limit=10', 20],
  ['/v1/tasks?run=run%2071', 100],
  ['/v1/tasks?agent=nobody&limit=10', 1],
  ['/v1/tasks?agent=agent%203&limit=3', 10],
  ['/v1/tasks?agent=agent%203&state=failed&limit=10', 60],
  ['/v1/tasks?agent=nobody&agent=agent%203&limit=10', 11_000],
  ['/v1/tasks?state=failed&limit=10', 11_000],
  ['/v1/tasks/task%20100', 100],
  ['/v1/tasks/task%20100?run=run%2040', 100],
  ['/v1/metrics', 11_000],
  ['/v1/metrics?run=run%2071', 500],
  ['/v1/metrics?agent=nobody', 11_000],
  ['/v1/metrics/series?name=m&since=2026-01-01T00:00:00Z&step=1000000', 11_000],
  ['/v1/metrics/series?name=m&run=run%2071', 500],
  ['/v1/producers', 1],
  ['/v1/quarantine', 1],
  ['/v1/info', 1],
])('%s looks at no more than %i rows', async (url, most) => {
  asked.length = 0
  const { statusCode, body } = await app.inject(url)
  expect(statusCode, body).toBe(200)
  expectBounded(most)
})

test.each(['asc', 'desc'])('pages of a large run in %s order are as cheap one after the other', async (order) => {
  let cursor = ''
  for (let page = 0; page < 3; page += 1) {
    asked.length = 0
    const { items, next } = (await app.inject(`/v1/events?run=long&limit=200&order=${order}${cursor}`)).json<{
      items: unknown[]
      next: string
    }>()
    expect(items).toHaveLength(200)
    expectBounded(700)
    cursor = `&cursor=${next}`
  }
})

test('a moment is folded from the log a page at a time', async () => {
  asked.length = 0
  const at = encodeCursor({ epoch: store.meta.epoch, positions: [5_000, 5_000] })
  expect((await app.inject(`/v1/state?run=run%2071&at=${at}`)).statusCode).toBe(200)
  expectBounded(25_000)
})

test.each<Filter>([{}, { run: ['run 71'] }, { run: ['many'] }, { agent: ['nobody'] }, { task: ['task 77'] }, { type: ['alert.*'] }])(
  'pages of the log and of changed rows are bounded, and say how far they looked: filter %j',
  async (filter) => {
    const page = { tenant: 'default', partition: 0, after: 1_000, upTo: head, limit: 100, filter }
    asked.length = 0
    const [log, rows] = [await reader.readPartition(page), await reader.rowsChanged(page)]
    for (const { scannedTo } of [log, rows]) expect(scannedTo).toBeGreaterThan(1_000)
    expectBounded()
  },
)

test.each<[Filter, number]>([
  [{ run: ['run 71'] }, 3_000],
  [{ run: ['run 71'], agent: ['agent 1553'] }, 3_000],
  [{ run: ['many'] }, 4_200],
  // The agents, runs, edges and open tasks, each a fiftieth of the rows; no more of them in one query than two.
  [{}, 4_500],
  [{ agent: ['agent 20'] }, 4_500],
])('a snapshot with filter %j reads neither the calls that are closed nor the tasks that ended', async (filter, most) => {
  asked.length = 0
  const { rows } = await reader.snapshot({ tenant: 'default', filter })
  expect(rows.length).toBeGreaterThan(0)
  expectBounded(most)
})

test('a snapshot that is cut looks for what is new from the head backwards, and not at what is old', async () => {
  const { rows, truncated } = await createLogReader(explained, store.meta, store.projections, 20).snapshot({ tenant: 'default' })
  expect(truncated).toEqual(['agents', 'runs', 'tasks', 'calls'])
  const agents = rows.filter(({ table }) => table === 'agents')
  expect(agents).toHaveLength(20)
  expect(Math.min(...agents.map(({ position }) => position))).toBeGreaterThan(head - 21 * 25)
  expectBounded(4_500)
})

test.each([
  ['/v1/events?agent=agent%207&limit=5', "select from log where tenant = 'default' and agent = 'agent 7'"],
  ['/v1/events?agent=agent%207&limit=5&order=asc', "select from log where tenant = 'default' and agent = 'agent 7'"],
  ['/v1/tasks?agent=agent%203&limit=3', "select from projections where tenant = 'default' and tbl = 'tasks' and agent = 'agent 3'"],
])('pages of %s, though short, come to everything', async (url, sql) => {
  let items = 0
  let pages = 0
  for (let cursor = ''; ; ) {
    const page = (await app.inject(`${url}${cursor}`)).json<{ items: unknown[]; next: string | null }>()
    items += page.items.length
    pages += 1
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  expect(items).toBe((await store.pool.query(sql)).rowCount)
  expect(pages).toBeGreaterThan(items / 5)
})

test.each([
  ['big', '', callsOfBigRun],
  ['big', '&agent=agent%203', callsOfBigRun / 20],
  ['many', '', callsOfBigRun],
  ['many', '&agent=agent%203', callsOfBigRun / 12],
])('the calls of run %s come each once, of all or of one agent (%j)', async (run, agent, count) => {
  const ids: string[] = []
  for (let cursor = ''; ; ) {
    const page = (await app.inject(`/v1/runs/${run}/calls?limit=1000${agent}${cursor}`)).json<{
      items: { id: string }[]
      next: string | null
    }>()
    ids.push(...page.items.map(({ id }) => id))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  expect(ids).toHaveLength(count)
  expect(new Set(ids).size).toBe(count)
})

test('who takes a partition of many rows counts some of their keys, and learns the others a page at a time', async () => {
  asked.length = 0
  const client = await store.pool.connect()
  await planByKey(client)
  const pool = explaining(client, asked)
  expect(await readAllRows(pool, 0, 'default', 12_500)).toEqual({ rows: [], complete: false })
  const { rows: own } = await store.pool.query("select from projections where tenant = 'other' and partition = 1")
  expect((await readAllRows(pool, 1, 'other', 12_500)).rows).toHaveLength(own.length)
  expectBounded()
  const known = new Set<string>()
  const first = await pageOfRowKeys(pool, 0, 'default', undefined, 200)
  const second = await pageOfRowKeys(pool, 0, 'default', first.next, 200)
  for (const { table, key } of [...first.keys, ...second.keys]) known.add(`${table} ${key}`)
  expect(known.size).toBe(400)
  expectBounded(5_000)
  const ofMany = (await callsOf(store.pool, 'default', 0)).filter(({ row: { run } }) => run === 'many')
  const hashes = new Set<string>()
  for (let next: number | undefined = 0; next !== undefined; ) {
    const page = await pageOfHashes(pool, 0, 'default', 'many', next)
    next = page.next
    for (const hash of page.hashes) hashes.add(hash)
    expectBounded(300)
  }
  expect(hashes.size).toBeGreaterThan(1_000)
  expect(new Set(ofMany.map(({ key }) => String(hashOfKey(key))))).toEqual(hashes)
  client.release(true)
})

test('a writer finds a row by its key, also a call of a run of many', async () => {
  const client = await store.pool.connect()
  await planByKey(client)
  asked.length = 0
  const keys = ['many\u001ftool\u001f60', 'many\u001ftool\u001fof nobody', 'few 70\u001ftool\u001f1750', 'run 70\u001f3500']
  const found = await readRows(
    explaining(client, asked),
    0,
    'default',
    keys.map((key) => ({ table: 'calls', key })),
  )
  expect(found.map(({ key }) => key)).toEqual(['run 70\u001f3500', ...keys.slice(0, 1), ...keys.slice(2, 3)])
  // All chunks of the run of many, without their calls.
  expectBounded(1_100)
  // Of as many as a batch may have too.
  const calls = Array.from({ length: 70 }, (_, i) => `many\u001ftool\u001f${60 + i * 50}`)
  const foundMany = await readRows(
    explaining(client, asked),
    0,
    'default',
    calls.map((key) => ({ table: 'calls', key })),
  )
  expect(foundMany.map(({ key }) => key).sort()).toEqual(calls.sort())
  expectBounded(1_100)
  client.release(true)
})

test('a snapshot looks at what goes on and what ended since the one before it, not at all that ever ended', async () => {
  const { pool } = store
  await take(pool, 0)
  await pool.query('update heads set position = $1, folded = $1 where partition = 0', [head + 2_000])
  await pool.query(
    `update projections_closed set position = $1 + right(key, 3)::int where partition = 0 and run = 'run 70' and key ~ '[0-9]{3}$'`,
    [head],
  )
  asked.length = 0
  await take(explaining(pool, asked), 0)
  // Open calls and tasks, agents: six thousand rows of this partition.
  expectBounded(7_000)
})

test('what no longer leads anywhere is forgotten by a look at each snapshot, not at each beside each', async () => {
  const client = await store.pool.connect()
  await client.query('begin')
  await client.query(
    `insert into snapshots (partition, position, at, fold, state) select 0, n, ${start}, $1, '' from generate_series(1, 3000) as n`,
    [FOLD_VERSION],
  )
  await client.query('update heads set oldest = 2001 where partition = 0; analyze snapshots')
  asked.length = 0
  await forget(explaining(client, asked), 0)
  expectBounded(10_000)
  const { rows } = await client.query('select min(position)::int as oldest from snapshots where partition = 0')
  expect(rows).toEqual([{ oldest: 2_000 }])
  await client.query('rollback')
  client.release()
})

test('heads and the oldest are read without the log', async () => {
  asked.length = 0
  await reader.heads()
  await reader.oldest()
  expectBounded(1)
})

test.each([100, 20_000])('a hole is looked for within %i positions only', async (positions) => {
  asked.length = 0
  expect(await reader.firstHole({ partition: 0, after: 1_000, upTo: 1_000 + positions })).toBeUndefined()
  expectBounded(positions + 100)
})

test('the longer sums of an hour look at its minutes, not at all minutes there are', async () => {
  const { pool } = store
  const agents = 20
  const columns = [...rollupSums, ...durationColumns]
  await pool.query(
    `insert into rollups (tenant, minute, kind, agent, name, partition, ${columns.join()})
     select 'default', ${start} + m * 60000, 'tool', 'agent ' || a, 'search', 0, ${columns.map(() => 1).join()}
     from generate_series(0, ${days * 24 * 60 - 1}) m, generate_series(1, ${agents}) a order by m`,
  )
  // As after an import: the block ranges are not summed up yet, and each may have any minute.
  await pool.query('analyze rollups')
  await raiseSummed(pool, start + days * dayMs)
  asked.length = 0
  await sumHour(explaining(pool, asked), { tenant: 'default', hour: start + dayMs })
  const { rows } = await pool.query('select sum(calls)::int as calls from rollups_long where span_ms = 3600000 group by cut')
  expect(rows).toEqual(Array.from({ length: 3 }, () => ({ calls: 60 * agents })))
  // By span and cut they are read anew, some of them of a sixth of the day.
  expectBounded(6 * 60 * agents + 100)
})

test('what changed in a partition that is far behind another is found without a look at all since', async () => {
  const { pool } = store
  const [rows, behind] = [20_000, head + 20_000]
  // As they are written, one beside the other: the second partition has one event where the first has two.
  await pool.query(
    `insert into projections (position, sort, partition, open, tbl, tenant, key, state, body)
     select ${head} + k * (2 - p), ${start}, p, false, 'tasks', 'skewed', p || ' ' || k, 'completed', '{}'
     from generate_series(1, ${rows}) k, generate_series(0, 1) p order by k`,
  )
  await pool.query('vacuum analyze projections')
  const headTo = (position: number) => pool.query('update heads set position = $1, folded = $1 where partition = 1', [position])
  await headTo(behind - 1_000)
  await take(pool, 1)
  await headTo(behind)
  asked.length = 0
  await take(explaining(pool, asked), 1)
  // What goes on of this partition is six thousand rows.
  expectBounded(12_000)
})
