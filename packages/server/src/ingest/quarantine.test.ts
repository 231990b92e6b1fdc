/** The quarantine through the door: one bound for whoever refuses, a loss that is told, and everything accounted for. */
import type { EventInput } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, afterEach, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api/testing.ts'
import { stopDatabases } from '../store/testing.ts'

let api: TestApi
afterEach(() => api.stop())
afterAll(stopDatabases)

interface Listed {
  readonly items: readonly { readonly code: string; readonly eventId?: string }[]
  readonly next: string | null
  readonly notKept: number
}
const listed = async () => (await api.get<Listed>('/v1/quarantine?limit=1000')).body
const event = (more: Record<string, unknown> = {}) =>
  ({ id: uuidv7(Date.now()), source: 's', type: 'log', time: new Date().toISOString(), run: 'r', data: {}, ...more }) as EventInput & {
    readonly id: string
  }

/** Figures of /metrics; of events by fate. */
async function figures() {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const of = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (\\d+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
  const fate = (name: string) => of(`signalbox_events_total{door="rest",fate="${name}"}`)
  return {
    received: fate('received'),
    settled: fate('stored') + fate('duplicate') + fate('refused') + fate('quarantined'),
    quarantined: fate('quarantined'),
    notKept: of('signalbox_quarantine_not_kept_total'),
  }
}

test('bad items and reused ids share one bound; past it both are refused, counted, and their loss is told', async () => {
  api = await startTestApi({ SIGNALBOX_QUARANTINE_ITEMS: '10' })
  const good = Array.from({ length: 8 }, () => event())
  const reused = good.map((one) => ({ ...one, data: { other: true } }))
  const bad = Array.from({ length: 4 }, () => event({ time: 'yesterday' }))
  expect(await api.send([...good, ...bad])).toMatchObject({ accepted: 8 })
  // Six of the eight find room.
  const answer = await api.send([...good, ...reused, event()])
  expect(answer).toMatchObject({ accepted: 1, duplicates: 8, refused: reused.map(({ id }) => ({ id, code: 'ID_REUSED' })) })
  const { items, notKept } = await listed()
  expect(items).toHaveLength(10)
  expect(notKept).toBe(2)
  const messages = (answer.refused as { message: string }[]).map(({ message }) => message)
  expect(messages.filter((message) => message.includes('/v1/quarantine'))).toHaveLength(6)
  expect(messages.filter((message) => message.includes('not kept'))).toHaveLength(2)
  // What is kept is kept once, however often it comes, and takes no more room.
  for (let again = 0; again < 3; again += 1) await api.send([...reused, ...bad])
  expect((await listed()).items.map(({ eventId }) => eventId)).toEqual(expect.arrayContaining(items.map(({ eventId }) => eventId)))
  expect(await listed()).toMatchObject({ notKept: 2 + 3 * (2 + 4) })
  const { received, settled, quarantined, ...rest } = await figures()
  expect(settled).toBe(received)
  expect(quarantined).toBe(10 + 3 * 6)
  expect(rest.notKept).toBe(20)
})

test('while nothing can be kept, items are refused and counted', async () => {
  api = await startTestApi()
  await api.send([event()])
  await api.pool.query('alter table quarantine rename to elsewhere')
  expect(await api.send([event(), event({ time: 'yesterday' })])).toMatchObject({ accepted: 1, refused: [{ code: 'INVALID_EVENT' }] })
  await api.pool.query('alter table elsewhere rename to quarantine')
  const { received, settled, quarantined, notKept } = await figures()
  expect([settled, quarantined, notKept]).toEqual([received, 0, 1])
})
