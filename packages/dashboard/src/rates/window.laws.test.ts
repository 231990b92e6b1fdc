import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWindow } from './window.ts'

const buckets = 6
const bucketMs = 10

/** Steps of time with things that happen to some of 600 subjects, more than there is room for at first. */
const lives = fc.array(
  fc.record({
    passes: fc.integer({ min: -15, max: 90 }),
    subject: fc.nat(600),
    count: fc.nat(1_000),
    late: fc.integer({ min: -20, max: 90 }),
  }),
  { maxLength: 60 },
)

test('the sums are those of what happened within the window, whatever the clock does', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      const window = createWindow(buckets, bucketMs)
      let clock = 1_000
      let end = clock
      window.advance(clock)
      const happened: { subject: number; count: number; bucket: number }[] = []
      for (const { passes, subject, count, late } of steps) {
        clock = Math.max(0, clock + passes)
        end = Math.max(end, clock)
        window.advance(clock)
        const head = Math.floor(end / bucketMs)
        const bucket = Math.min(head, Math.floor((clock - late) / bucketMs))
        if (bucket > head - buckets) happened.push({ subject, count, bucket })
        window.add(subject, count, clock - late)
        const within = happened.filter((one) => one.bucket > head - buckets)
        expect(window.total()).toBe(within.reduce((sum, one) => sum + one.count, 0))
        for (const of of new Set(happened.map((one) => one.subject))) {
          const seen = happened.filter((one) => one.subject === of && one.bucket > head - buckets)
          expect(window.sum(of)).toBe(seen.reduce((sum, one) => sum + one.count, 0))
          const read = Array.from({ length: buckets }, (_, i) =>
            seen.filter((one) => one.bucket === head - buckets + 1 + i).reduce((sum, one) => sum + one.count, 0),
          )
          expect(window.read(of, [])).toEqual(read)
        }
      }
    }),
  )
})

test('of whom nothing was counted there is nothing, however many there are', () => {
  const window = createWindow(buckets, bucketMs)
  window.advance(1_000)
  expect([window.sum(1_000_000), window.read(1_000_000, [])]).toEqual([0, [0, 0, 0, 0, 0, 0]])
})
