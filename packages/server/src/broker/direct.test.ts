import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { brokerLaws } from './broker.conformance.ts'
import { createDirectBroker } from './direct.ts'

brokerLaws('direct', (bounds) => createDirectBroker(bounds))

test('whoever waits longer than its time is told, not forgotten', async () => {
  const clock = createFakeClock(1_000)
  const broker = createDirectBroker({ queueEvents: 100, queueBytes: 1_000, batchEvents: 10, commitTimeoutMs: 500 }, clock)
  const waiting = broker.publish({ partition: 0, events: [], backfill: false, receivedAt: 1_000 })
  const later = broker.publish({ partition: 0, events: [], backfill: false, receivedAt: 1_200 })
  clock.advance(500)
  await expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', mayBeStored: false })
  clock.advance(200)
  await expect(later).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(broker.depth()).toBe(0)
})

test.each([
  ['back', -3_600_000],
  ['forward', 3_600_000],
])("a wall clock that is set %s by an hour moves no one's time", async (_way, byMs) => {
  const clock = createFakeClock(0)
  const broker = createDirectBroker({ queueEvents: 100, queueBytes: 1_000, batchEvents: 10, commitTimeoutMs: 500 }, clock)
  const told: string[] = []
  const publish = (name: string) =>
    broker.publish({ partition: 0, events: [], backfill: false, receivedAt: clock.now() }).catch(() => void told.push(name))
  const first = publish('first')
  clock.set(byMs)
  clock.advance(200)
  const second = publish('second')
  clock.advance(300)
  await first
  expect(told).toEqual(['first'])
  clock.advance(199)
  await Promise.resolve()
  expect(told).toEqual(['first'])
  clock.advance(1)
  await second
  expect(told).toEqual(['first', 'second'])
})

test('the handler is told how long the oldest has waited', async () => {
  const clock = createFakeClock(0)
  const broker = createDirectBroker({ queueEvents: 100, queueBytes: 1_000, batchEvents: 10 }, clock)
  const publish = () => broker.publish({ partition: 0, events: [], backfill: false, receivedAt: clock.now() })
  const published = [publish()]
  clock.advance(70)
  clock.set(-3_600_000)
  published.push(publish())
  clock.advance(30)
  const stopping = new AbortController()
  const waited: number[] = []
  const consuming = broker.consume(
    [0],
    async (batch, waitedMs) => {
      waited.push(waitedMs)
      return batch.map(() => ({ durability: 'durable', outcomes: [], head: 0 }))
    },
    stopping.signal,
  )
  await Promise.all(published)
  expect(waited).toEqual([100])
  stopping.abort()
  await consuming
})

test('where senders meet, batches begin some time apart and grow; whoever is alone, or many, waits for none of it', async () => {
  const clock = createFakeClock(0)
  const broker = createDirectBroker({ queueEvents: 1_000, queueBytes: 1 << 20, batchEvents: 8, gatherMs: 6 }, clock)
  const event = { id: '', tenant: 't', source: 's', type: 'log', time: 0, data: {}, dataJson: '{}' }
  const publish = (events = 1) =>
    broker.publish({ partition: 0, events: Array.from({ length: events }, () => event), backfill: false, receivedAt: 0 })
  const stopping = new AbortController()
  const began: [at: number, submissions: number][] = []
  const consuming = broker.consume(
    [0],
    async (batch) => {
      began.push([clock.now(), batch.length])
      return batch.map(() => ({ durability: 'durable', outcomes: [], head: 0 }))
    },
    stopping.signal,
  )
  await publish()
  await publish()
  await Promise.all([publish(), publish()])
  const gathered = [publish()]
  for (let ms = 0; ms < 5; ms += 1) {
    await new Promise((resume) => setImmediate(resume))
    clock.advance(1)
    gathered.push(publish())
  }
  await new Promise((resume) => setImmediate(resume))
  clock.advance(1)
  await Promise.all(gathered)
  await Promise.all([publish(4), publish(4)])
  stopping.abort()
  await consuming
  expect(began).toEqual([
    [0, 1],
    [0, 1],
    [0, 2],
    [6, 6],
    [6, 2],
  ])
})
