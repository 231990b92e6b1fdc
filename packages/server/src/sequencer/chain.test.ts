import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { verifyChain } from './chain.ts'
import { event, line } from './testing.ts'

const dayMs = 86_400_000
const eventsAt = (count: number, time = Date.now()) => Array.from({ length: count }, () => event({ time }))

test('the commits chain by hash, and an event that was changed or deleted breaks the chain where it is', async () => {
  const it = await line({ partitions: 1 })
  for (let i = 0; i < 5; i += 1) await it.send(eventsAt(10))
  const pages: [number, number][] = []
  expect(await verifyChain(it.store.pool, 0, (at, of) => pages.push([at, of]))).toEqual({ verified: 5, dropped: 0 })
  expect(pages).toEqual([[50, 50]])
  await it.store.pool.query("update log set data = '{}' where position = 23")
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 2, dropped: 0, broken: { first: 21, last: 30 } })
  await it.store.pool.query('delete from log where position = 3')
  expect(await verifyChain(it.store.pool, 0)).toMatchObject({ verified: 0, broken: { first: 1, last: 10 } })
})

test('a commit that was taken out is missed, and so is the newest', async () => {
  const it = await line({ partitions: 1 })
  for (let i = 0; i < 4; i += 1) await it.send(eventsAt(10))
  await it.store.pool.query('delete from commits where last = 20')
  expect(await verifyChain(it.store.pool, 0)).toMatchObject({ verified: 1, broken: { first: 11, last: 20 } })
  await it.store.pool.query('delete from commits where last > 10')
  expect(await verifyChain(it.store.pool, 0)).toMatchObject({ verified: 1, broken: { first: 11, last: 40 } })
})

test('what the retention drops is no break: the oldest commits, half of one, one in the middle', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 12))
  const it = await line({ partitions: 1, clock })
  const [old, later, now] = [clock.now() - 20 * dayMs, clock.now() - 19 * dayMs, clock.now()]
  await it.send(eventsAt(5, old))
  await it.send([...eventsAt(3, old), ...eventsAt(4, later)])
  await it.send(eventsAt(5, now))
  await it.send(eventsAt(2, old))
  await it.send(eventsAt(3, now))
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 5, dropped: 0 })
  clock.advance(11 * dayMs)
  await it.store.projections.caughtUp()
  expect(await it.store.days.dropExpired()).toEqual(['log_20260430'])
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 2, dropped: 2 })
  await it.store.pool.query('delete from log where position = 14')
  expect(await verifyChain(it.store.pool, 0)).toMatchObject({ broken: { first: 13, last: 17 } })
})

test('an event deleted from a commit over days without a table is missed', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 12))
  const it = await line({ partitions: 1, clock })
  await it.send([...eventsAt(2, clock.now()), ...eventsAt(2, clock.now() - 5 * dayMs)])
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 1, dropped: 0 })
  await it.store.pool.query('delete from log where position = 2')
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 0, dropped: 0, broken: { first: 1, last: 4 } })
})

test('a table that was dropped and made again has its first events no more, and that is no break', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 12))
  const it = await line({ partitions: 1, clock })
  const past = Date.UTC(2020, 5, 1)
  await it.send(eventsAt(3, clock.now() + 4 * 60_000))
  await it.send(eventsAt(3, past), { backfill: true })
  clock.advance(30 * dayMs + 1)
  await it.store.projections.caughtUp()
  expect(await it.store.days.dropExpired()).toContain('log_20200101_20210101')
  await it.send(eventsAt(3, past), { backfill: true })
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 2, dropped: 1 })
  await it.store.pool.query('delete from log where position = 8')
  expect(await verifyChain(it.store.pool, 0)).toEqual({ verified: 1, dropped: 1, broken: { first: 7, last: 9 } })
})

test('what was dropped by a version that did not remember it is no break either', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 12))
  const it = await line({ partitions: 1, clock })
  await it.send([...eventsAt(2, clock.now()), ...eventsAt(2, clock.now() - 5 * dayMs)])
  clock.advance(26 * dayMs)
  await it.store.projections.caughtUp()
  expect(await it.store.days.dropExpired()).toEqual(['log_20260515'])
  await it.store.pool.query('drop table log_dropped; delete from migrations where number = 8')
  await it.stop()
  const next = await line({ url: it.url, partitions: 1, clock })
  expect(await verifyChain(next.store.pool, 0)).toEqual({ verified: 0, dropped: 1 })
})
