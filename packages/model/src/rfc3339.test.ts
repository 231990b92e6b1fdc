import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRfc3339 } from './rfc3339.ts'

const latest = Date.UTC(9999, 11, 31)

test('a time is written as `Date` writes it, parts of a millisecond too, whatever was written before', () => {
  const print = createRfc3339()
  const time = fc.oneof(
    fc.integer({ min: 0, max: latest }),
    fc.double({ min: 0, max: latest, noNaN: true }),
    // Just before a second, as nanoseconds are read: the nearest that a double has.
    fc.integer({ min: 0, max: latest / 1_000 }).map((second) => second * 1_000 + 999.9998),
  )
  fc.assert(
    fc.property(fc.array(time, { maxLength: 5 }), (times) => {
      expect(times.map((ms) => print(ms))).toEqual(times.map((ms) => new Date(ms).toISOString()))
    }),
  )
})
