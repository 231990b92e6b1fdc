import type { LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState } from '@signalbox/model/live-state.ts'
import type { RunRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compact } from './merge.ts'

const place = fc.record({ key: fc.constantFrom('a', 'b', 'c'), partition: fc.nat({ max: 1 }) })
const rowOf = ({ key, partition }: { key: string; partition: number }, position: number): LiveRow => ({
  table: 'runs',
  key,
  partition,
  position,
  row: { id: key, lastSeenAt: position } as unknown as RunRow,
})
type Step = { readonly kind: 'delta' | 'heartbeat' | 'snapshot' | 'resync'; readonly rows: LiveRow[]; readonly removed: LiveRow[] }
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('delta', 'delta', 'delta', 'delta', 'heartbeat', 'snapshot', 'resync'),
  rows: fc.array(
    fc.tuple(place, fc.nat()).map(([at, position]) => rowOf(at, position)),
    { maxLength: 4 },
  ),
  removed: fc.array(
    place.map((at) => rowOf(at, 0)),
    { maxLength: 2 },
  ),
})
/** Each continues the one before. */
const rows = fc.array(step, { maxLength: 12 }).map((steps): ServerFrame[] =>
  steps.map(({ kind, rows, removed }, i) => {
    const [from, cursor] = [`c${i}`, `c${i + 1}`]
    if (kind === 'delta')
      return { kind, sub: 's', from, cursor, rows, removed: removed.map(({ table, key, partition }) => ({ table, key, partition })) }
    if (kind === 'heartbeat') return { kind, sub: 's', from, cursor, serverTime: i }
    if (kind === 'snapshot') return { kind, sub: 's', cursor, rows, last: true }
    return { kind, sub: 's', cursor, reason: 'epoch' }
  }),
)
const events = fc
  .array(fc.constantFrom('events', 'events', 'heartbeat', 'slow', 'expired'), { maxLength: 12 })
  .map((kinds): ServerFrame[] =>
    kinds.map((kind, i) => {
      const reach = { sub: 's', from: `c${i}`, cursor: `c${i + 1}` }
      if (kind === 'heartbeat') return { kind: 'heartbeat', ...reach, serverTime: i }
      if (kind === 'slow' || kind === 'expired')
        return { kind: 'gap', ...reach, reason: kind, fetch: `/v1/poll?feed=events&cursor=c${i}&until=c${i + 1}` }
      const event = { id: `${i}`, source: 's', type: 'log', time: '', data: {}, partition: 0, position: i, receivedAt: '' }
      return { kind: 'events', ...reach, items: [event] }
    }),
  )
const split = (frames: readonly ServerFrame[], at: number) =>
  [frames.slice(0, at % (frames.length + 1)), frames.slice(at % (frames.length + 1))] as const

/** The rows without their order. */
function shown(frames: readonly ServerFrame[]) {
  const state = createLiveState()
  for (const frame of frames) state.apply(frame)
  return new Map([...state.all('runs')].sort(([a], [b]) => a.localeCompare(b)))
}

test('what was merged makes the same rows', () => {
  fc.assert(
    fc.property(rows, (frames) => {
      expect(shown(compact(frames))).toEqual(shown(frames))
    }),
  )
})

test('merging parts first, in any grouping, comes to the same', () => {
  fc.assert(
    fc.property(fc.oneof(rows, events), fc.nat(), (frames, at) => {
      const [left, right] = split(frames, at)
      const whole = compact(frames)
      expect(compact([...compact(left), ...right])).toEqual(whole)
      expect(compact([...left, ...compact(right)])).toEqual(whole)
      expect(compact(whole)).toEqual(whole)
    }),
  )
})

test('what was merged has no hole, and every event, in order', () => {
  fc.assert(
    fc.property(events, (frames) => {
      const merged = compact(frames)
      let cursor = 'c0'
      for (const frame of merged) {
        if (!('from' in frame)) continue
        expect(frame.from).toBe(cursor)
        cursor = frame.cursor
        if (frame.kind === 'gap') {
          const asked = new URL(frame.fetch, 'http://localhost').searchParams
          expect([asked.get('cursor'), asked.get('until')]).toEqual([frame.from, frame.cursor])
        }
      }
      expect(cursor).toBe(`c${frames.length}`)
      const ids = (all: readonly ServerFrame[]) => all.flatMap((frame) => (frame.kind === 'events' ? frame.items.map(({ id }) => id) : []))
      expect(ids(merged)).toEqual(ids(frames))
    }),
  )
})
