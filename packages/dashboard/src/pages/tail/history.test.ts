import type { StoredEvent } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { createHistory } from './history.ts'

const event = (id: number, receivedAt = '2026-03-04T12:00:00.000Z') => ({ id: String(id), receivedAt }) as StoredEvent

function reader(...pages: (readonly StoredEvent[])[]) {
  const asked: string[] = []
  const read = async (path: string) => {
    asked.push(path)
    const page = asked.length - 1
    return { items: pages[page] ?? [], next: page + 1 < pages.length ? `after ${page}` : null }
  }
  return { asked, read }
}
const ids = (events: readonly StoredEvent[]) => events.map(({ id }) => id)

test('pages come newest first, each of them oldest first, until there are no more', async () => {
  const { asked, read } = reader([event(5), event(4)], [], [event(3)])
  const history = createHistory({ type: ['tool.*', 'log'], run: ['a b'] }, undefined, read)
  expect(ids(await history.next(2))).toEqual(['4', '5'])
  expect([await history.next(), history.isDone()]).toEqual([[], false])
  expect([ids(await history.next()), history.isDone()]).toEqual([['3'], true])
  expect(await history.next()).toEqual([])
  expect(asked).toEqual([
    '/v1/events?type=tool.*&type=log&run=a+b&order=desc&limit=2',
    '/v1/events?type=tool.*&type=log&run=a+b&order=desc&limit=500&cursor=after+0',
    '/v1/events?type=tool.*&type=log&run=a+b&order=desc&limit=500&cursor=after+1',
  ])
})

test('of a past moment, and again from an event on that has left what is held', async () => {
  const { asked, read } = reader([event(9)], [event(8, '2026-03-04T12:00:00.500Z'), event(7)])
  const history = createHistory({}, Date.parse('2026-03-04T13:00:00Z'), read)
  await history.next()
  history.from(event(7))
  expect(ids(await history.next())).toEqual(['7'])
  expect(asked.map((path) => new URLSearchParams(path.split('?')[1]).get('until'))).toEqual([
    '2026-03-04T13:00:00.000Z',
    '2026-03-04T12:00:01.000Z',
  ])
})
