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
