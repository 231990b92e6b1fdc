import type { StoredEvent } from '@signalbox/model/event.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { encodeCursor } from '@signalbox/model/live-cursor.ts'
import { expect, test } from 'vitest'
import { createReader } from './reader.ts'

const at = (...positions: number[]) => encodeCursor({ epoch: '0000000a', positions })
const elsewhere = encodeCursor({ epoch: '0000000b', positions: [1, 1] })
const event = (partition: number, position: number): StoredEvent => ({
  id: `${partition}-${position}`,
  source: 's',
  type: 'log',
  time: '',
  data: {},
  partition,
  position,
  receivedAt: '',
})
const events = (from: string, cursor: string, ...items: StoredEvent[]): ServerFrame => ({ kind: 'events', sub: 's', from, cursor, items })
const resync = (cursor: string, reason: 'epoch' | 'expired' | 'future'): ServerFrame => ({ kind: 'resync', sub: 's', cursor, reason })

function readerFrom(cursor?: string, feed: 'events' | 'state' = 'events') {
  const given: ServerFrame[] = []
  const reader = createReader({ feed, filter: {} }, cursor, ({ frames }) => given.push(...frames))
  return {
    reader,
    /** What the page is given of a frame; undefined when it does not continue. */
    take(...frames: ServerFrame[]) {
      given.length = 0
      const isMissing = reader.take(frames)
      reader.outbox.ready()
      return isMissing ? undefined : given.splice(0)
    },
  }
}

test('of a frame that begins before what is held only the rest is given, partition by partition', () => {
  const { reader, take } = readerFrom(at(5, 8))
  expect(take(events(at(3, 3), at(5, 7), event(0, 4), event(1, 7)))).toEqual([])
  expect(take(events(at(3, 7), at(7, 8), event(0, 5), event(0, 6), event(0, 7), event(1, 8)))).toEqual([
    events(at(5, 8), at(7, 8), event(0, 6), event(0, 7)),
  ])
  expect(reader.cursor()).toBe(at(7, 8))
  // Further in one partition, not as far in the other.
  expect(take(events(at(6, 6), at(8, 7), event(0, 7), event(0, 8), event(1, 7)))).toEqual([events(at(7, 8), at(8, 8), event(0, 8))])
})

test('a frame that begins after what is held is not taken', () => {
  const { reader, take } = readerFrom(at(5, 5))
  expect(take(events(at(5, 6), at(6, 6), event(0, 6)))).toBeUndefined()
  expect(take(events(elsewhere, elsewhere))).toBeUndefined()
  expect(reader.cursor()).toBe(at(5, 5))
})

test('an older heartbeat is a sign of life, and takes nobody back', () => {
  const { reader, take } = readerFrom(at(5, 5))
  expect(take({ kind: 'heartbeat', sub: 's', from: at(1, 1), cursor: at(2, 2), serverTime: 7 })).toEqual([
    { kind: 'heartbeat', sub: 's', from: at(5, 5), cursor: at(5, 5), serverTime: 7 },
  ])
  expect(reader.cursor()).toBe(at(5, 5))
})

test('before it has begun nothing is given; it begins once', () => {
  const { reader, take } = readerFrom()
  expect(take(events(at(1, 1), at(2, 1), event(0, 2)))).toEqual([])
  reader.begin(at(2, 1))
  reader.begin(at(0, 0))
  expect(take(events(at(1, 1), at(3, 1), event(0, 2), event(0, 3)))).toEqual([events(at(2, 1), at(3, 1), event(0, 3))])
})

test('a resync that another reader needed is not taken for its own', () => {
  const { reader, take } = readerFrom(at(5, 5))
  // Of a reader long behind, whose events are gone; of one that held a cursor of another log; of one that was ahead of this one.
  expect(take(resync(at(2, 2), 'expired'))).toEqual([])
  expect(take(resync(at(4, 5), 'epoch'))).toEqual([])
  expect(take(resync(at(7, 7), 'epoch'))).toBeUndefined()
  expect(take(resync(at(7, 7), 'future'))).toBeUndefined()
  expect(reader.cursor()).toBe(at(5, 5))
  for (const own of [resync(at(8, 5), 'expired'), resync(at(6, 4), 'future'), resync(elsewhere, 'epoch')]) {
    expect(take(own)).toEqual([own])
    expect(reader.cursor()).toBe('cursor' in own ? own.cursor : '')
  }
})

test('rows that overlap are taken whole, and a snapshot replaces whatever is held', () => {
  const delta = (from: string, cursor: string): ServerFrame => ({ kind: 'delta', sub: 's', from, cursor, rows: [] })
  const snapshot = (cursor: string): ServerFrame => ({ kind: 'snapshot', sub: 's', cursor, rows: [], last: true })
  const { reader, take } = readerFrom(undefined, 'state')
  expect(take(delta(at(1, 1), at(2, 2)))).toEqual([])
  expect(take(snapshot(at(5, 5)))).toEqual([snapshot(at(5, 5))])
  expect(take(delta(at(3, 3), at(6, 4)))).toEqual([delta(at(5, 5), at(6, 4))])
  // In the second partition it went back, and hears the rest again.
  expect(reader.cursor()).toBe(at(6, 4))
  expect(take(delta(at(6, 4), at(6, 6)))).toEqual([delta(at(6, 4), at(6, 6))])
  expect(take(snapshot(at(1, 1)))).toEqual([snapshot(at(1, 1))])
  expect(take(resync(elsewhere, 'epoch'))).toEqual([resync(elsewhere, 'epoch')])
  expect([reader.cursor(), take(delta(elsewhere, elsewhere))]).toEqual([undefined, []])
})
