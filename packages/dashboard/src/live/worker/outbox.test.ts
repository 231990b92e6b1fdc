import type { ServerFrame } from '@signalbox/model/live.ts'
import { expect, test } from 'vitest'
import { type Batch, createOutbox } from './outbox.ts'

const events = (from: number, to: number): ServerFrame => ({
  kind: 'events',
  sub: 's',
  from: `c${from}`,
  cursor: `c${to}`,
  items: Array.from({ length: to - from }, (_, i) => ({
    id: `e${from + i + 1}`,
    source: 's',
    type: 'log',
    time: '',
    data: {},
    partition: 0,
    position: from + i + 1,
    receivedAt: '',
  })),
})
const delta = (from: number, position: number): ServerFrame => ({
  kind: 'delta',
  sub: 's',
  from: `c${from}`,
  cursor: `c${from + 1}`,
  rows: [{ table: 'edges', key: 'k', partition: 0, position, row: { from: 'a', to: 'b', tasks: position } as never }],
})
const page = (cursor: string, last: boolean): ServerFrame => ({ kind: 'snapshot', sub: 's', cursor, rows: [], last })

function box(most?: number) {
  const given: Batch[] = []
  return { given, outbox: createOutbox((batch) => given.push(batch), { run: ['a', 'b'], agent: ['x'] }, most) }
}

test('a page that has not applied its batch gets one larger one when it has, not many', () => {
  const { given, outbox } = box()
  for (let i = 0; i < 1_000; i += 1) outbox.put(delta(i, i))
  expect(given).toHaveLength(1)
  outbox.ready()
  expect(given).toHaveLength(2)
  expect(given[1]?.frames).toMatchObject([{ kind: 'delta', from: 'c1', cursor: 'c1000', rows: [{ position: 999 }] }])
  outbox.ready()
  expect(given).toHaveLength(2)
  outbox.put(delta(1_000, 1_000))
  expect(given).toHaveLength(3)
})

test('events that wait are bounded: the oldest are left out, counted, and told as a gap with where to read them', () => {
  const { given, outbox } = box(100)
  outbox.put(events(0, 1))
  for (let i = 1; i < 500; i += 10) outbox.put(events(i, i + 10))
  outbox.ready()
  const [gap, rest] = given[1]?.frames ?? []
  expect(gap).toMatchObject({ kind: 'gap', reason: 'slow', from: 'c1' })
  expect(given[1]?.dropped).toBe(400)
  const asked = new URL(gap?.kind === 'gap' ? gap.fetch : '', 'http://localhost')
  expect([asked.pathname, asked.searchParams.getAll('run'), asked.searchParams.get('agent')]).toEqual(['/v1/poll', ['a', 'b'], 'x'])
  expect([asked.searchParams.get('cursor'), asked.searchParams.get('until')]).toEqual(['c1', 'c401'])
  expect(rest).toMatchObject({ kind: 'events', from: 'c401', cursor: 'c501' })
  expect(rest?.kind === 'events' && rest.items.length).toBe(100)
  outbox.put(events(501, 502))
  outbox.ready()
  expect(given[2]).toMatchObject({ dropped: 0, frames: [{ kind: 'events' }] })
})

test('a snapshot comes page by page, and makes void what waited before it', () => {
  const { given, outbox } = box()
  outbox.put(delta(0, 1))
  for (const frame of [delta(1, 2), page('c5', false), page('c5', false), page('c5', true), delta(5, 6)]) outbox.put(frame)
  const kinds = () => given.map(({ frames }) => frames.map(({ kind }) => kind))
  for (let i = 0; i < 5; i += 1) outbox.ready()
  expect(kinds()).toEqual([['delta'], ['snapshot'], ['snapshot'], ['snapshot'], ['delta']])
  outbox.put(delta(6, 7))
  for (const frame of [page('c8', false), page('c8', true), page('c9', true)]) outbox.put(frame)
  for (let i = 0; i < 3; i += 1) outbox.ready()
  expect(given.flatMap(({ frames }) => frames).slice(-2)).toMatchObject([{ kind: 'delta' }, { kind: 'snapshot', cursor: 'c9' }])
})

test('what waits is given before the end', () => {
  const { given, outbox } = box()
  outbox.put(events(0, 1))
  outbox.put(events(1, 2))
  outbox.flush()
  expect(given).toHaveLength(2)
})
