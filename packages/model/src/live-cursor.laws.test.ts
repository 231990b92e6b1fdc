import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCursor, earlier, encodeCursor, isWithin, later } from './live-cursor.ts'

const positions = fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { minLength: 3, maxLength: 3 })
const cursor = positions.map((positions) => encodeCursor({ epoch: '0a1b2c3d', positions }))

test('a cursor says what it was made of', () => {
  fc.assert(
    fc.property(positions, (positions) => {
      const places = { epoch: '00ff80c3', positions }
      expect(decodeCursor(encodeCursor(places))).toEqual(places)
    }),
  )
})

test('other text is no cursor, and never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => void decodeCursor(text)))
  for (const text of ['', 'nonsense!', 'AAAAAAAAA', '_____________', encodeCursor({ epoch: '00ff80c3', positions: [5] }).slice(0, -2)])
    expect(decodeCursor(text)).toBeUndefined()
})

test('the earlier of two is within both, both are within the later, and either is one of them where they are in order', () => {
  fc.assert(
    fc.property(cursor, cursor, (a, b) => {
      const [low = '', high = ''] = [earlier(a, b), later(a, b)]
      for (const one of [a, b]) expect([isWithin(low, one), isWithin(one, high)]).toEqual([true, true])
      if (isWithin(a, b)) expect([low, high]).toEqual([a, b])
      if (isWithin(a, b) && isWithin(b, a)) expect(a).toBe(b)
    }),
  )
})

test('cursors of two logs are not compared', () => {
  const [a, b] = ['00000001', '00000002'].map((epoch) => encodeCursor({ epoch, positions: [1, 1] }))
  expect([isWithin(a ?? '', b ?? ''), earlier(a ?? '', b ?? ''), later(a ?? '', 'text')]).toEqual([false, undefined, undefined])
})
