/** A window is cut into sums that stand and are no longer than a step, without overlap or gap. */
import { minuteMs } from '@signalbox/model/rollup.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cut, dayMs, hourMs, levels, piecesOf, rangesOf } from './rollups-levels.ts'

const Minute = fc.integer({ min: 0, max: 5 * 1_440 }).map((minute) => minute * minuteMs)
const all = Number.POSITIVE_INFINITY

test('any window, whatever changed', () => {
  fc.assert(
    fc.property(
      fc.record({ a: Minute, b: Minute, until: Minute, changed: fc.array(Minute, { maxLength: 9 }) }),
      fc.constantFrom<Cut>('agent', 'name', 'both'),
      fc.constantFrom(minuteMs, 15 * minuteMs, 2 * hourMs, 6 * hourMs, dayMs, all),
      ({ a, b, until, changed }, cut, stepMs) => {
        const window = { from: Math.min(a, b), to: Math.max(a, b) + minuteMs }
        const pieces = piecesOf(window, cut, stepMs, { until, changed: rangesOf([...new Set(changed)].sort((x, y) => x - y)) })
        expect(pieces[0]?.from).toBe(window.from)
        expect(pieces.at(-1)?.to).toBe(window.to)
        for (const [i, { spanMs, from, to }] of pieces.entries()) {
          expect(to).toBeGreaterThan(from)
          if (i > 0) expect(from).toBe(pieces[i - 1]?.to)
          if (spanMs === 0) continue
          expect([from % spanMs, to % spanMs, stepMs === all ? 0 : stepMs % spanMs]).toEqual([0, 0, 0])
          expect(levels.find((level) => level.spanMs === spanMs)?.cuts).toContain(cut)
          expect(to).toBeLessThanOrEqual(until)
          expect(changed.filter((minute) => minute >= from && minute < to)).toEqual([])
        }
      },
    ),
  )
})

test('the longest that there are', () => {
  const window = { from: dayMs - hourMs - 3 * minuteMs, to: 3 * dayMs + 61 * minuteMs }
  const spans = (stepMs: number, changed: number[] = []) =>
    piecesOf(window, 'agent', stepMs, { until: window.to - minuteMs, changed: rangesOf(changed) }).map(({ spanMs }) => spanMs / minuteMs)
  expect(spans(all)).toEqual([0, 60, 1_440, 60, 0])
  expect(spans(6 * hourMs)).toEqual([0, 60, 360, 60, 0])
  expect(spans(minuteMs)).toEqual([0])
  expect(spans(all, [2 * dayMs + 7 * hourMs])).toEqual([0, 60, 1_440, 360, 60, 0, 5, 15, 60, 360, 60, 0])
})

test('a window of all time, of a fleet whose figures are not summed yet, is one piece', () => {
  const window = { from: 0, to: 60 * 365 * dayMs }
  expect(piecesOf(window, 'agent', all, { until: 0, changed: [] })).toEqual([{ spanMs: 0, ...window }])
  expect(piecesOf(window, 'both', minuteMs, { until: window.to, changed: [] })).toEqual([{ spanMs: 0, ...window }])
})
