/** A server whose days are sealed at any time answers as one that seals none, and takes events as it does. */
import type { EventInput } from '@signalbox/model/event.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api/testing.ts'
import { createFakeClock } from '../clock.fake.ts'
import { verifyChain } from '../sequencer/chain.ts'
import { readNumbers } from '../streams/producer-rows.ts'
import { createLogDays } from './days.ts'
import { firstHole } from './hole.ts'
import { findByIds, readCommit } from './log-write.ts'
import { readLog } from './reader.ts'
import { countEvents } from './rollups-count.ts'
import { dayMs, eventsAt, sealingOf } from './sealing.testing.ts'
import { stopDatabases } from './testing.ts'

const now = Date.UTC(2026, 4, 20, 12)
const clock = createFakeClock(now)
const retentionDays = 30
/** The same, but that only the second one's days are sealed. */
let plain: TestApi
let sealed: TestApi
const both = () => [plain, sealed] as const

beforeAll(async () => {
  const env = {
    SIGNALBOX_RETENTION_DAYS: String(retentionDays),
    // Whose days are sealed is the test's to say, though its clock moves by days.
    SIGNALBOX_COMPRESS_AFTER_DAYS: '0',
    SIGNALBOX_RING_BYTES: '1',
    // The clock stands still.
    SIGNALBOX_GATHER_MS: '0',
    SIGNALBOX_OTLP_HTTP_PORT: 'off',
    SIGNALBOX_OTLP_GRPC_PORT: 'off',
  }
  plain = await startTestApi(env, { clock })
  sealed = await startTestApi(env, { clock })
})
afterAll(async () => {
  await Promise.all(both().map((api) => api.stop()))
  await stopDatabases()
})

const sent: EventInput[] = []
/** Of each batch what both answered, but for the cursor. */
async function send(events: readonly EventInput[]) {
  const answers = await Promise.all(both().map(async (api) => told(await api.send(events))))
  expect(answers[1]).toEqual(answers[0])
  sent.push(...events)
  // Rows are written before time passes: nobody should think that they have no writer.
  for (const api of both()) await api.get('/v1/agents')
  clock.advance(minuteMs)
  return answers[1]
}

/** Cursors name the log that they are of: here only their positions are. */
const positionsOf = (cursor: string) => Buffer.from(cursor, 'base64url').subarray(5).toString('hex')
const anothers = ['cursor', 'epoch', 'next', 'since', 'from', 'to', 'instance']
const told = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value: unknown) => {
      if (anothers.includes(key)) return undefined
      return key === 'fetch' ? String(value).replace(/(?<=cursor=|until=)[\w-]+/g, positionsOf) : value
    }),
  )

const iso = (time: number) => encodeURIComponent(new Date(time).toISOString())
const minuteMs = 60_000
const times = [now - dayMs, now + 1.5 * minuteMs, now + 4 * minuteMs, now + 9 * minuteMs, now + dayMs]
const lists = [
  '',
  'run=run%201',
  'agent=boss',
  'agent=agent%201',
  'task=task%203',
  'type=task.failed',
  'type=tool.*',
  'type=metric&agent=boss',
].flatMap((filter) => [`/v1/events?${filter}`, `/v1/events?${filter}&order=asc`])
const ofRun = ['', '&order=asc', '&call=c1', '&agent=boss', '&type=metric'].map((more) => `/v1/events?run=run%202${more}`)
const moments = times.flatMap((time) => [
  `/v1/state?at=${iso(time)}`,
  `/v1/state?at=${iso(time)}&run=run%201`,
  `/v1/fleet/rates?at=${iso(time)}`,
  `/v1/events?until=${iso(time)}&limit=50`,
  `/v1/events?until=${iso(time)}&limit=50&run=run%202`,
  ...['error', 'delegation', 'any'].flatMap((kind) =>
    ['next', 'previous'].flatMap((direction) =>
      ['', '&run=run%203'].map((run) => `/v1/events/step?at=${iso(time)}&kind=${kind}&direction=${direction}${run}`),
    ),
  ),
])
const once = [
  '/v1/timeline?buckets=50',
  '/v1/timeline?buckets=50&run=run%201',
  `/v1/timeline?since=${iso(now - 7 * dayMs)}&until=${iso(now)}`,
  `/v1/metrics?since=${iso(now - 12 * dayMs)}`,
  `/v1/metrics?since=${iso(now - 12 * dayMs)}&run=run%204`,
  `/v1/metrics/series?name=queue&since=${iso(now - 12 * dayMs)}&until=${iso(now)}`,
  ...['/v1/agents', '/v1/runs', '/v1/tasks', '/v1/producers', '/v1/quarantine?limit=100'],
]

/** All events from a cursor on, as a live feed resumes. */
async function resumed(api: TestApi, query: string): Promise<unknown[]> {
  const events: unknown[] = []
  for (let cursor = query; ; ) {
    const { status, body } = await api.get<{ cursor: string; frames: { kind?: string }[] }>(`/v1/poll?${cursor}&wait=0&limit=100`)
    expect(status).toBe(200)
    const items = body.frames?.filter(({ kind }) => kind !== 'heartbeat') ?? []
    if (items.length === 0) return events
    events.push(...items)
    cursor = `cursor=${encodeURIComponent(body.cursor)}`
  }
}

async function everything(api: TestApi, cursors: readonly string[]): Promise<Record<string, unknown>> {
  const { pool } = api
  const answers: Record<string, unknown> = {}
  for (const path of [...lists, ...ofRun]) answers[path] = told(await api.all(path, 60))
  for (const path of [...moments, ...once]) {
    const { status, body } = await api.get(path)
    // Of before the log some say that it is gone.
    answers[path] = { status, body: status === 200 ? told(body) : (body as { code?: string }).code }
    if (status !== 410) expect({ path, status }).toEqual({ path, status: 200 })
  }
  for (const { id = '' } of sent.slice(0, 40)) answers[`/v1/events/${id}`] = told(await api.get(`/v1/events/${id}`))
  for (const [i, cursor] of ['from=start', ...cursors].entries()) answers[`poll ${i}`] = told(await resumed(api, cursor))
  answers.found = (
    await findByIds(
      pool,
      sent.map(({ id = '' }) => id),
    )
  ).sort((a, b) => (a.id < b.id ? -1 : 1))
  const { rows: heads } = await pool.query<{ position: string; oldest: string; hash: Buffer }>(
    'select position, oldest, hash from heads order by partition',
  )
  for (const [partition, { position, oldest, hash }] of heads.entries()) {
    const upTo = Number(position)
    answers[`partition ${partition}`] = {
      ...{ position, oldest, hash: hash.toString('hex') },
      chain: await verifyChain(pool, partition),
      holes: await Promise.all([0, 3, Math.floor(upTo / 2)].map((after) => firstHole(pool, { partition, after, upTo }))),
      log: await readLog(pool, partition, 0, upTo, 10_000),
      page: await readLog(pool, partition, 5, upTo, 7),
      numbers: await readNumbers(pool, partition, 0, upTo),
      commit: (await readCommit(pool, partition, upTo))?.events,
      counted: await counted(api, partition),
    }
  }
  const { rows: dropped } = await pool.query(
    'select partition, min(first), max(last), from_ms from log_dropped group by partition, from_ms order by 1, 4',
  )
  answers.dropped = dropped
  return answers
}

async function counted({ pool }: TestApi, partition: number) {
  const client = await pool.connect()
  try {
    await client.query(
      'begin; create temp table counted (like rollups, primary key (tenant, minute, kind, agent, name, partition)) on commit drop',
    )
    await countEvents(client as unknown as Parameters<typeof countEvents>[0], 'counted', partition)
    return (await client.query('select minute, kind, agent, name, calls from counted order by minute, kind, agent, name')).rows
  } finally {
    await client.query('rollback')
    client.release()
  }
}

async function expectTheSame(cursors: readonly (readonly string[])[]) {
  const [expected, got] = await Promise.all(both().map((api, i) => everything(api, cursors[i] ?? [])))
  for (const key of Object.keys(expected ?? {})) expect({ [key]: got?.[key] }).toEqual({ [key]: expected?.[key] })
}

const tablesOf = async ({ pool }: TestApi) => {
  const { rows } = await pool.query<{ inTables: number; chunks: number; inChunks: number }>(
    'select (select count(*) from log)::int as "inTables", count(*)::int as chunks, coalesce(sum(last - first + 1), 0)::int as "inChunks" from log_chunks',
  )
  return rows[0]
}

const seal = (afterDays: number) => sealingOf(sealed.pool, clock.now, afterDays).sealDue()

test('every read, old cursors, the chain, ids that come again, late events, and the drop of days are the same with sealed days as without', async () => {
  const cursors: string[][] = [[], []]
  const remember = async () => {
    for (const [i, api] of both().entries()) {
      const { body } = await api.get<{ cursor: string }>('/v1/poll?from=start&wait=0&limit=30')
      cursors[i]?.push(`cursor=${encodeURIComponent(body.cursor)}`)
    }
  }
  const [seeds = []] = fc.sample(
    fc.array(fc.array(fc.integer({ min: 0, max: 10 * dayMs }), { minLength: 4, maxLength: 40 }), { minLength: 6, maxLength: 9 }),
    { numRuns: 1, seed: 7 },
  )
  for (const ago of seeds)
    await send(
      eventsAt(
        ago.map((ms) => now - ms),
        sent.length,
      ),
    )
  // A day in the order of its ids, more than a chunk of each partition.
  await send(
    eventsAt(
      Array.from({ length: 1_100 }, (_, i) => now - 4 * dayMs + i * 1_000),
      sent.length,
    ),
  )
  await remember()
  clock.advance(1.5 * dayMs)

  await seal(6)
  const some = await tablesOf(sealed)
  expect(some?.inTables).toBeGreaterThan(0)
  expect(some?.inChunks).toBeGreaterThan(0)
  await expectTheSame(cursors)

  await seal(1)
  expect(await tablesOf(sealed)).toMatchObject({ inTables: 0, inChunks: sent.length })
  await expectTheSame(cursors)

  const [again, reused] = [sent.slice(0, 30), sent.slice(30, 50)]
  expect(await send(again)).toMatchObject({ accepted: 0, duplicates: 30 })
  await send([
    ...reused.map((event) => ({ ...event, data: { other: true } })),
    ...again.slice(0, 5),
    ...eventsAt([now - 5 * dayMs, now + dayMs], sent.length),
  ])
  // The same id in another run, so in another partition.
  await send(sent.slice(50, 55).map((event, i) => ({ ...event, run: `elsewhere ${i}` })))
  await expectTheSame(cursors)

  // Late, and not sealed before a day without more.
  const late = await tablesOf(sealed)
  await seal(1)
  expect(await tablesOf(sealed)).toEqual(late)
  clock.advance(1.1 * dayMs)
  await seal(1)
  expect((await tablesOf(sealed))?.chunks).toBeGreaterThan(late?.chunks ?? 0)
  await send(sent.slice(-10))
  await expectTheSame(cursors)

  // The clock that the retention goes by is nobody's here but the test's.
  const expired = now - 6 * dayMs + retentionDays * dayMs
  const dropped = await Promise.all(both().map(({ pool }) => createLogDays(pool, { retentionDays }, () => expired).dropExpired()))
  expect(dropped[1]).toEqual(dropped[0])
  expect(dropped[1]?.length).toBeGreaterThan(2)
  await expectTheSame([[], []])
}, 180_000)
