import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, decodeHlc, encodeHlc, type Hlc, hlcStart, maxDriftMs, receive, tick } from './hlc.ts'

// Few values, so that ties are common.
const Wall = fc.integer({ min: 1_000, max: 1_005 })
const Stamp: fc.Arbitrary<Hlc> = fc.record({ ms: Wall, count: fc.oneof(fc.nat(3), fc.constant(0xffff)) })
const Step = fc.oneof(fc.record({ wall: Wall }), fc.record({ wall: Wall, stamp: Stamp }))

test('a clock strictly increases, whatever the wall clock does, and is past every stamp it received', () => {
  fc.assert(
    fc.property(fc.array(Step), (steps) => {
      let held = hlcStart
      for (const step of steps) {
        const next = 'stamp' in step ? receive(held, step.stamp, step.wall) : tick(held, step.wall)
        expect(compare(next, held)).toBeGreaterThan(0)
        if ('stamp' in step) expect(compare(next, step.stamp)).toBeGreaterThan(0)
        expect(next.ms).toBeGreaterThanOrEqual(step.wall)
        held = next
      }
    }),
  )
})

test('a stamp from far in the future does not drag the clock', () => {
  fc.assert(
    fc.property(Wall, fc.integer({ min: maxDriftMs + 1, max: 1e12 }), (wall, ahead) => {
      expect(receive(hlcStart, { ms: wall + ahead, count: 0 }, wall).ms).toBeLessThanOrEqual(wall + 1)
    }),
  )
})

test('the text form keeps order and comes back', () => {
  fc.assert(
    fc.property(Stamp, Stamp, (a, b) => {
      expect(decodeHlc(encodeHlc(a))).toEqual(a)
      expect(Math.sign(compare(a, b))).toBe(encodeHlc(a) < encodeHlc(b) ? -1 : encodeHlc(a) > encodeHlc(b) ? 1 : 0)
    }),
  )
  expect(decodeHlc('nonsense')).toBeUndefined()
})
