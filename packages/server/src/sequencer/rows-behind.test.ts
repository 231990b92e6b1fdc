/** Rows follow the log: whatever happens between a commit and the write of its rows, they become what the log folds to. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { openStore } from '../store/open.ts'
import { storedRows } from '../store/rows.testing.ts'
import { after, event, expectProjectedAsFolded, type Line, line, log, work } from './testing.ts'

/** Its time stands still: it writes rows only when it is asked for them. */
const still = (url?: string) => line({ clock: createFakeClock(Date.now()), ...(url === undefined ? {} : { url }) })

/** Ends the sessions of its sequencers. */
const terminate = (it: Line) =>
  it.store.pool.query(
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like 'signalbox sequencer%' and datname = current_database()",
  )

/** Ends it as a kill does: what it had not written, it never writes. */
async function die(it: Line): Promise<void> {
  await terminate(it)
  await it.stop()
}

async function behind({ store }: Line): Promise<number> {
  const { rows } = await store.pool.query<{ behind: string }>('select sum(position - folded) as behind from heads')
  return Number(rows[0]?.behind)
}

test('a commit writes no rows; who reads them asks, and sees what was acknowledged', async () => {
  const it = await still()
  await it.send(work(60))
  expect(await behind(it)).toBe(60)
  expect(await storedRows(it.store.pool)).toEqual([])
  const { heads, rows } = await it.store.reader.snapshot({ tenant: 'default' })
  expect(heads).toEqual(await it.store.reader.heads())
  expect(rows.filter(({ table }) => table === 'runs')).toHaveLength(3)
  expect(await behind(it)).toBe(0)
  await expectProjectedAsFolded(it, 'default')
})

test('rows are written by themselves a moment after a commit', async () => {
  const clock = createFakeClock(Date.now())
  const it = await line({ clock })
  await it.send(work(60))
  clock.advance(250)
  await expect.poll(() => behind(it)).toBe(0)
})

test('whoever takes a partition folds what its writer had not written', async () => {
  const killed = await still()
  await killed.send(work(100))
  await killed.store.projections.caughtUp()
  await killed.send([...work(100), ...work(50, 'another')])
  expect(await behind(killed)).toBe(150)
  const next = await still(killed.url)
  await expectProjectedAsFolded(next, 'default')
  await expectProjectedAsFolded(next, 'another')
  // What the elder still had in its hands is not written over it.
  await killed.store.projections.caughtUp()
  await next.send(work(30))
  await expectProjectedAsFolded(next, 'default')
})

test('what a killed server had not written is folded by one that goes on, though it had the partitions before and nothing more is sent', async () => {
  const clock = createFakeClock(Date.now())
  const elder = await line({ clock })
  await elder.send(work(40))
  await elder.store.projections.caughtUp()
  // Its time stands still, which is as good as dead.
  const killed = await still(elder.url)
  await killed.send(work(60))
  expect(await behind(elder)).toBe(60)
  await expect
    .poll(() => {
      clock.advance(10_000)
      return behind(elder)
    })
    .toBe(0)
  await expectProjectedAsFolded(elder, 'default')
})

test('rows that a database had not synced when it fell are folded again, though nothing more is sent', async () => {
  const it = await still()
  await it.send(work(60))
  await it.store.projections.caughtUp()
  expect(await behind(it)).toBe(0)
  // As a database is that comes back without its newest transactions of rows: as it was before them, and without its sessions.
  await it.store.pool.query('begin; truncate projections, call_chunks, rollups; update heads set folded = 0; commit')
  await terminate(it)
  const behindOnceAsked = () => it.store.projections.caughtUp().then(() => behind(it))
  await expect.poll(behindOnceAsked).toBe(0)
  await expectProjectedAsFolded(it, 'default')
})

test('a stop leaves nothing to fold', async () => {
  const it = await still()
  const next = await still(it.url)
  await it.send(work(40))
  await it.stop()
  expect(await behind(next)).toBe(0)
})

test('a lost connection of the rows costs no commit and no row', async () => {
  const it = await line()
  await it.send(work(50))
  const { rowCount } = await it.store.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signalbox sequencer % rows' and datname = current_database()",
  )
  expect(rowCount).toBe(2)
  // The first to ask may be told of the loss; the next is served by a new connection.
  await it.store.projections.caughtUp().catch(() => undefined)
  expect((await it.send(work(50))).every(({ kind }) => kind === 'stored' || kind === 'duplicate')).toBe(true)
  await expectProjectedAsFolded(it, 'default')
})

test('any order of batches, reads, deaths and duplicates ends with the rows that the log folds to', async () => {
  const Step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(Step, { minLength: 4, maxLength: 14 }), async (steps) => {
      let it = await still()
      let last = [event()]
      for (const step of steps) {
        if (step.kind === 'send') {
          last = work(step.count)
          await it.send(last)
        } else if (step.kind === 'again') await it.send(last)
        else if (step.kind === 'read') await expectProjectedAsFolded(it, 'default')
        else {
          await die(it)
          it = await still(it.url)
        }
      }
      await expectProjectedAsFolded(it, 'default')
    }),
    { numRuns: 6 },
  )
})

test('over more calls than are read at once late events find theirs, from the first on and in runs that come again later', async () => {
  const first = await line({ partitions: 1 })
  const runOf = (call: string) => (call.endsWith('7') ? `again ${call.at(-2)}` : 'r1')
  const tool = (type: string, call: string) => event({ type, run: runOf(call), agent: 'w1', data: { call, name: 'Bash' } })
  const calls = Array.from({ length: 13_000 }, (_, i) => `call ${i}`)
  for (let i = 0; i < calls.length; i += 500) await first.send(calls.slice(i, i + 500).map((call) => tool('tool.finished', call)))
  await first.stop()
  const next = await line({ url: first.url, partitions: 1 })
  for (let round = 0; round < 40; round += 1) {
    const late = calls
      .filter((call, i) => i % 500 === round && (runOf(call) === 'r1' || round >= 20))
      .map((call) => tool('tool.started', call))
    await next.send([...late, tool('tool.finished', `new ${round}`)])
  }
  await expectProjectedAsFolded(next, 'default')
})

test('a row that the store cannot take costs no other, and its partition goes on', async () => {
  const it = await still()
  // Longer than an index of PostgreSQL takes; no door lets it through.
  const name = Array.from({ length: 4_000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7_919) % 20_000))).join('')
  await it.send([...work(30), event({ agent: name, run: 'r1' }), ...work(30)])
  await it.store.projections.caughtUp()
  expect(await behind(it)).toBe(0)
  const { rows } = await it.store.pool.query<{ body: { id: string } }>("select body from projections where tbl = 'agents'")
  expect(new Set(rows.map(({ body }) => body.id))).toEqual(new Set(['w0', 'w1', 'w2', 'w3']))
  await it.send([...work(10), event({ agent: name, run: 'r1' })])
  await it.store.projections.caughtUp()
  expect(await behind(it)).toBe(0)
})

test('another process reads rows as far as they stand, and is told to come back for what follows', async () => {
  const it = await still()
  await it.send(work(20))
  const elsewhere = await openStore({ url: it.url, config: { partitions: 2, retentionDays: 30, quarantineItems: 10 }, log })
  after(() => elsewhere.stop())
  const { reader } = elsewhere
  expect((await reader.folded()).positions).toEqual([0, 0])
  const upTo = (await reader.heads()).positions[0] ?? 0
  const ask = () => reader.rowsChanged({ tenant: 'default', partition: 0, after: 0, upTo, limit: 100 })
  const askAgents = async () => reader.agents({ tenant: 'default', ids: ['w1'], upTo: (await reader.heads()).positions })
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await expect(askAgents()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await it.store.projections.caughtUp()
  expect((await ask()).rows.length).toBeGreaterThan(0)
  expect((await askAgents()).length).toBeGreaterThan(0)
})

test('while rows cannot be written readers get those that are, and all of them once they can', async () => {
  const it = await still()
  await it.send(work(20))
  await it.store.projections.caughtUp()
  const held = (await it.store.reader.folded()).positions
  const { pool } = it.store
  await pool.query(`create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'no room' using errcode = '53100'; end $$;
    create trigger full_disk before insert on projections_kept for each row execute function full_disk()`)
  expect((await it.send(work(20))).every(({ kind }) => kind === 'stored')).toBe(true)
  expect((await it.store.reader.snapshot({ tenant: 'default' })).heads.positions).toEqual(held)
  await pool.query('drop trigger full_disk on projections_kept')
  await expectProjectedAsFolded(it, 'default')
  expect(await behind(it)).toBe(0)
})

test('readers who ask at once share a write, and none is made once the writers have stopped', async () => {
  const it = await still()
  await it.send(work(20))
  await Promise.all(Array.from({ length: 30 }, () => it.store.projections.caughtUp()))
  const writes = (await it.metrics.rowsSeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_count'))?.value
  // One under way and one that waits, in each partition.
  expect(writes).toBeLessThanOrEqual(4)
  const next = await still(it.url)
  const fences = async () => (await next.store.pool.query('select fence from heads order by partition')).rows
  await it.stop()
  const before = await fences()
  await it.store.projections.caughtUp()
  expect(await fences()).toEqual(before)
})
