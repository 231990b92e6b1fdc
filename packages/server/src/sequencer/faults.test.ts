/** What the sequencer promises when connections, networks, databases and rivals misbehave. */
import type { Event } from '@signalbox/model/event.ts'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { Unavailable } from '../broker/broker.ts'
import { createFakeClock } from '../clock.fake.ts'
import { systemClock } from '../clock.ts'
import { createLogDays } from '../store/days.ts'
import { after, event, holesOf, type Line, type LineOptions, line, logOf } from './testing.ts'
import { type FakeWire, fakeWire } from './wire.fake.ts'

async function brokenLine(options: Pick<LineOptions, 'commitTimeoutMs' | 'clock'> = {}): Promise<{ it: Line; wire: FakeWire }> {
  let wire: FakeWire | undefined
  const it = await line({
    ...options,
    partitions: 1,
    through: async (url) => {
      wire = await fakeWire(url)
      after(wire.close)
      return wire.url
    },
  })
  if (wire === undefined) throw new Error('The wire was not made.')
  return { it, wire }
}

async function admin(it: Line): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: it.url.replace(/\/test_\w+$/, '/postgres') })
  await client.connect()
  after(() => client.end())
  return client
}

test('two writers of one partition: the elder is fenced and the log stays whole', async () => {
  const elder = await line({ partitions: 1 })
  await elder.send([event()])
  const younger = await line({ partitions: 1, url: elder.url })
  await younger.send([event()])
  // The elder's next commit finds its fence gone; it takes the partition again and goes on from the true head.
  await elder.send([event()])
  await younger.send([event()])
  expect((await elder.metrics.fencedCommits.get()).values[0]?.value).toBeGreaterThan(0)
  const rows = await logOf(elder)
  expect(rows).toHaveLength(4)
  expect(holesOf(rows)).toEqual([])
  // Each was told of its own commits and of the newest one it missed.
  expect(elder.commits.map(({ from, to }) => [from, to])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ])
})

test('two writers under load on one partition store every event once', async () => {
  const one = await line({ partitions: 1 })
  const other = await line({ partitions: 1, url: one.url })
  const events = Array.from({ length: 200 }, () => event())
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).send(events.slice(i * 10, i * 10 + 10))),
  )
  expect(outcomes.flat().every(({ kind }) => kind === 'stored' || kind === 'duplicate')).toBe(true)
  const rows = await logOf(one)
  expect(holesOf(rows)).toEqual([])
  expect(rows.map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort())
})

test('a database connection killed again and again under load: everything acknowledged is there once', async () => {
  const it = await line()
  const client = await admin(it)
  const name = new URL(it.url).pathname.slice(1)
  const sent: Event[] = []
  const acknowledged: string[] = []
  for (let round = 0; round < 30; round += 1) {
    const batch = Array.from({ length: 50 }, (_, i) => event({ run: `r${i % 5}` }))
    sent.push(...batch)
    const sending = it.send(batch)
    if (round % 3 === 0)
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signalbox sequencer%' and datname = $1",
        [name],
      )
    const outcomes = await sending
    outcomes.forEach(({ kind }, i) => {
      if (kind === 'stored' || kind === 'duplicate') acknowledged.push(batch[i]?.id ?? '')
    })
  }
  const rows = await logOf(it)
  expect(holesOf(rows)).toEqual([])
  expect(acknowledged).toHaveLength(sent.length)
  expect(rows.map(({ id }) => id).sort()).toEqual(sent.map(({ id }) => id).sort())
})

test('a COMMIT whose answer is lost took effect once; its sender and the bus learn of it', async () => {
  const { it, wire } = await brokenLine()
  await it.send([event()])
  const events = [event({ type: 'agent.started' }), event()]
  wire.loseNextCommitAnswer()
  expect(await it.send(events)).toEqual([{ kind: 'duplicate' }, { kind: 'duplicate' }])
  expect((await logOf(it)).map(({ position }) => position)).toEqual([1, 2, 3])
  expect(it.commits.map(({ from, to }) => [from, to])).toEqual([
    [1, 1],
    [2, 3],
  ])
  expect(it.commits[1]?.events.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
  expect(it.commits[1]?.rows.find(({ table }) => table === 'agents')?.row).toMatchObject({ id: 'w1', events: 3 })
  // What it holds in memory is what is stored: the next event counts on from there.
  await it.send([event()])
  expect(it.commits[2]?.rows.find(({ table }) => table === 'agents')?.row).toMatchObject({ id: 'w1', events: 4 })
})

test('a network that answers nothing: senders are told in time, also those behind in the queue, and work goes on when it is back', async () => {
  const clock = createFakeClock(Date.now())
  let going: NodeJS.Timeout | undefined
  after(() => clearInterval(going))
  const { it, wire } = await brokenLine({ commitTimeoutMs: 400, clock })
  await it.send([event()])
  wire.silence()
  const [first, second] = [event(), event()]
  const sending = [it.send([first])]
  await new Promise((resume) => setImmediate(resume))
  sending.push(it.send([second]))
  clock.advance(400)
  const told = { code: 'STORE_UNAVAILABLE' } satisfies Partial<Unavailable>
  await expect(sending[1]).rejects.toMatchObject({ ...told, mayBeStored: false })
  // Whoever was being committed is told after a last look at the clock.
  await new Promise((resume) => setImmediate(resume))
  clock.advance(0)
  await expect(sending[0]).rejects.toMatchObject({ ...told, mayBeStored: true })
  wire.mend()
  // Rows and commits are tried again after a while, and a stop waits for them.
  going = setInterval(() => clock.advance(5), 5)
  expect(await it.send([first, second])).toMatchObject([{ kind: 'stored' }, { kind: 'stored' }])
})

test('a wall clock that is set back while the network answers nothing: senders are told in time all the same', async () => {
  let backMs = 0
  const { it, wire } = await brokenLine({ commitTimeoutMs: 1_000, clock: { ...systemClock, now: () => Date.now() - backMs } })
  await it.send([event()])
  wire.silence()
  const began = performance.now()
  const sending = it.send([event()])
  await new Promise((resume) => setImmediate(resume))
  backMs = 60_000
  await expect(sending).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(performance.now() - began).toBeLessThan(3_000)
  wire.mend()
})

test('a wall clock that is set forward while a batch waits takes no time from it', async () => {
  let aheadMs = 0
  const { it } = await brokenLine({ clock: { ...systemClock, now: () => Date.now() + aheadMs } })
  await it.send([event()])
  const sending = it.send([event()])
  aheadMs = 3_600_000
  expect(await sending).toMatchObject([{ kind: 'stored' }])
})

test('what came in before the wall clock was set back is stored, not refused as from the future', async () => {
  let backMs = 0
  const { it } = await brokenLine({ clock: { ...systemClock, now: () => Date.now() - backMs } })
  await it.send([event()])
  const sending = it.send([event()])
  backMs = 3_600_000
  expect(await sending).toMatchObject([{ kind: 'stored' }])
})

test('while the database is away senders are told to come back and readers of memory lose nothing; then work goes on', async () => {
  const it = await line({ commitTimeoutMs: 2_000 })
  await it.send([event()])
  const client = await admin(it)
  const name = new URL(it.url).pathname.slice(1)
  await client.query(`alter database ${name} allow_connections false`)
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  const lost = event()
  await expect(it.send([lost])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', mayBeStored: true } satisfies Partial<Unavailable>)
  expect(it.commits).toHaveLength(1)
  await client.query(`alter database ${name} allow_connections true`)
  expect(await it.send([lost])).toMatchObject([{ kind: 'stored' }])
  expect(holesOf(await logOf(it))).toEqual([])
})

test('a stop settles what was taken and refuses what comes later', async () => {
  const it = await line()
  const events = Array.from({ length: 1_200 }, (_, i) => event({ run: `r${i % 5}` }))
  const sending = Promise.all([it.send(events.slice(0, 600)), it.send(events.slice(600))])
  const stopping = it.stop()
  await expect(it.send([event()])).rejects.toMatchObject({ code: 'DRAINING' })
  expect((await sending).flat().every(({ kind }) => kind === 'stored')).toBe(true)
  await stopping
})

test('a table that another server dropped meanwhile is made again, and its event is stored', async () => {
  const it = await line({ partitions: 1 })
  const old = Date.UTC(2020, 5, 1)
  expect(await it.send([event({ time: old })], { backfill: true })).toMatchObject([{ kind: 'stored' }])
  const later = Date.now() + 31 * 86_400_000
  await it.store.projections.caughtUp()
  expect(await createLogDays(it.store.pool, { retentionDays: 30 }, () => later).dropExpired()).toContain('log_20200101_20210101')
  expect(await it.send([event({ time: old }), event()], { backfill: true })).toMatchObject([{ kind: 'stored' }, { kind: 'stored' }])
})
