import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import type { ProducerBody } from './producer.ts'
import { startProducers } from './producers.ts'

const numbered = (seq: number, more = {}) => event({ source: 'worker-7', seq, epoch: 1, run: `r${seq % 5}`, ...more })

function producersOf(it: Line, more: { mostWaiting?: number } = {}) {
  const clock = createFakeClock(Date.now())
  const producers = startProducers({ pool: it.store.pool, reader: it.store.reader, bus: it.bus, clock, metrics: it.metrics, log, ...more })
  after(() => producers.stop())
  return { ...producers, clock }
}

async function bodyOf(it: Line, source = 'worker-7'): Promise<ProducerBody | undefined> {
  const { rows } = await it.store.pool.query<{ body: ProducerBody }>('select body from producers where source = $1', [source])
  return rows[0]?.body
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('a gap is told by name though the producer falls silent, and closes when what was missing comes', async () => {
  const it = await line()
  const { settled, clock } = producersOf(it)
  await it.send([...numbers(1, 40), 44].map((seq) => numbered(seq)))
  await settled()
  expect(await bodyOf(it)).toMatchObject({ received: 41, high: 44, gaps: [], clones: 0 })
  clock.advance(60_000)
  await settled()
  expect(await bodyOf(it)).toMatchObject({ gaps: [{ epoch: 1, from: 41, to: 43 }], report: 'worker-7 lost 41 to 43' })
  await it.send(numbers(41, 43).map((seq) => numbered(seq)))
  await settled()
  expect(await bodyOf(it)).toMatchObject({ received: 44, gaps: [], report: 'worker-7 is complete up to 44' })
})

test('events spread over partitions leave no gaps, and the same number with another id is a clone', async () => {
  const it = await line()
  const { settled, clock } = producersOf(it)
  for (let from = 1; from < 400; from += 100) await it.send(numbers(from, from + 99).map((seq) => numbered(seq)))
  await it.send([numbered(7), numbered(8, { epoch: 2 }), numbered(7, { tenant: 'another' })])
  clock.advance(60_000)
  await settled()
  const { rows } = await it.store.pool.query<{ tenant: string; body: ProducerBody }>('select tenant, body from producers order by tenant')
  expect(rows).toMatchObject([
    { tenant: 'another', body: { received: 1, clones: 0 } },
    { tenant: 'default', body: { received: 402, gaps: [], clones: 1, restarts: 1, epoch: 2, high: 8 } },
  ])
})

test('what was committed while it was away is counted from the log, and nothing is counted twice', async () => {
  const it = await line()
  const first = producersOf(it)
  await it.send(numbers(1, 50).map((seq) => numbered(seq)))
  await first.settled()
  await first.stop()
  for (let from = 51; from < 6_000; from += 500) await it.send(numbers(from, from + 499).map((seq) => numbered(seq)))
  const second = producersOf(it)
  await it.send([numbered(6_051)])
  second.clock.advance(60_000)
  await second.settled()
  expect(await bodyOf(it)).toMatchObject({ received: 6_051, high: 6_051, gaps: [], clones: 0 })
  const { rows } = await it.store.pool.query<{ behind: string }>(
    "select sum(h.position - c.position) as behind from heads h join checkpoints c on c.partition = h.partition and c.consumer = 'producers'",
  )
  expect(Number(rows[0]?.behind)).toBe(0)
})

test('a commit that the bus did not tell of is read from the log', async () => {
  const it = await line({ partitions: 1 })
  const deaf = new Set([1])
  let count = 0
  const bus = {
    ...it.bus,
    subscribe: (listener: Parameters<Line['bus']['subscribe']>[0]) =>
      it.bus.subscribe((commit) => void (deaf.has(count++) || listener(commit))),
  }
  const { settled } = producersOf({ ...it, bus })
  for (const seq of [1, 2, 3]) {
    await it.send([numbered(seq)])
    if (seq !== 2) await settled()
  }
  expect(await bodyOf(it)).toMatchObject({ received: 3, gaps: [], clones: 0 })
})

test('two nodes that follow one log count each event once, and what one of them could not write the other did', async () => {
  const it = await line()
  const nodes = [producersOf(it), producersOf(it)]
  for (let from = 1; from <= 1_000; from += 50) {
    await it.send(numbers(from, from + 49).map((seq) => numbered(seq)))
    await Promise.all(nodes.map(({ settled }) => settled()))
  }
  await it.send([numbered(1_003), numbered(5)])
  for (const { clock } of nodes) clock.advance(60_000)
  await Promise.all(nodes.map(({ settled }) => settled()))
  for (const { settled, clock } of nodes) {
    clock.advance(60_000)
    await settled()
  }
  expect(await bodyOf(it)).toMatchObject({ received: 1_002, high: 1_003, clones: 1, gaps: [{ from: 1_001, to: 1_002 }] })
  const { rows } = await it.store.pool.query<{ behind: string }>(
    "select sum(h.position - c.position) as behind from heads h join checkpoints c on c.partition = h.partition and c.consumer = 'producers'",
  )
  expect(Number(rows[0]?.behind)).toBe(0)
})

test('a thousand producers at once, each with a gap: all are counted, and as many are waited for as may be', async () => {
  const it = await line()
  const { settled, clock } = producersOf(it, { mostWaiting: 300 })
  const sources = Array.from({ length: 1_000 }, (_, i) => `p${i}`)
  const of = (seq: number) => sources.map((source) => event({ source, seq, epoch: 1, run: source }))
  await it.send([...of(1), ...of(3)])
  await settled()
  expect((await it.metrics.unwatched.get()).values).toMatchObject([{ labels: { what: 'producers' } }])
  const told = async () => (await it.store.pool.query("select from producers where body ->> 'report' like '%lost 2'")).rowCount
  clock.advance(60_000)
  await settled()
  expect(await told()).toBe(300)
  // With its next event the gap of each is told.
  await it.send(of(4))
  await settled()
  clock.advance(60_000)
  await settled()
  expect(await told()).toBe(1_000)
  const { rows } = await it.store.pool.query("select count(*)::int as count from producers where (body ->> 'received')::int = 3")
  expect(rows).toEqual([{ count: 1_000 }])
})
