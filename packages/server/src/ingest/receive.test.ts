import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createMetrics } from '../ops/metrics.ts'
import { eventOf } from './event-of.ts'
import { createReceive, type Kept } from './receive.ts'

const now = Date.UTC(2026, 5, 1, 12)
const drafts = {
  'too long a text': { foreign: '1', type: 'log', time: now, run: 'r', data: { text: 'x'.repeat(101) } },
  'a time to come': { foreign: '2', type: 'log', time: now + 3_600_000, agent: 'a', data: {} },
  'a name that is none': { foreign: '3', type: 'log', time: now + 0.5, agent: 'a\n', data: { n: 1 } },
  'data unlike its type': { foreign: '4', type: 'task.assigned', time: now, task: 't', data: {} },
  nothing: { foreign: '5', type: 'log', time: now, seq: 1, data: {} },
}

test('what a mapping made is answered, kept and counted as what a sender wrote', async () => {
  const kept: Kept[] = []
  const metrics = createMetrics()
  const published: unknown[] = []
  const receive = createReceive({
    broker: {
      async publish({ events }) {
        published.push(...events)
        return { durability: 'durable', outcomes: events.map(() => ({ kind: 'stored' as const, position: 1 })), head: 1 }
      },
    },
    partitions: 1,
    quarantine: async (rows) => kept.push(...rows),
    cursor: () => '',
    limits: { maxDepth: 64, maxKeys: 1_000, maxStringChars: 100 },
    durability: 'durable',
    clock: createFakeClock(now),
    metrics,
    onFault: (error) => {
      throw error
    },
  })
  const made = Object.values(drafts).map((draft) => eventOf('s', draft))
  const sent = made.map(({ time, ...event }) => ({ ...event, time: new Date(time).toISOString() }))
  const options = { tenant: 'default', door: 'd', backfill: false }
  const ofMade = await receive(
    made.map((event) => ({ event })),
    options,
  )
  const keptOfMade = kept.splice(0)
  const publishedOfMade = published.splice(0)
  expect(ofMade).toMatchObject({ received: 5, accepted: 1, refused: [{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }] })
  expect(ofMade.refused.map(({ code }) => code)).toEqual(['STRING_TOO_LONG', 'EVENT_FROM_FUTURE', 'INVALID_EVENT', 'INVALID_EVENT'])
  expect(JSON.parse(keptOfMade[1]?.body ?? '')).toEqual({
    id: made[1]?.id,
    source: 's',
    type: 'log',
    time: '2026-06-01T13:00:00.000Z',
    data: {},
    agent: 'a',
  })

  const ofSent = await receive(
    sent.map((value) => ({ value })),
    options,
  )
  expect(ofSent).toEqual(ofMade)
  expect(published).toEqual(publishedOfMade)
  const read = (rows: readonly Kept[]) => rows.map(({ id: _, body, ...row }) => ({ ...row, body: JSON.parse(body) as unknown }))
  expect(read(keptOfMade)).toEqual(read(kept))
})
