import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './copy-text.ts'

/** Some lines, often so many of so much that they do not fit into what is kept for them. */
const lines = fc
  .tuple(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }), fc.constantFrom(1, 1_000, 40_000))
  .map(([some, times]) => some.map((line) => `${line.repeat(times)}\n`))

test('lines as bytes are the bytes of all of them as one text', () => {
  fc.assert(
    fc.property(lines, (some) => {
      expect(
        Buffer.compare(
          bytesOf(some, (line) => line),
          Buffer.from(some.join('')),
        ),
      ).toBe(0)
    }),
    { numRuns: 50 },
  )
})
