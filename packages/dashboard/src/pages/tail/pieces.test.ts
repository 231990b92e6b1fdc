import fc from 'fast-check'
import { expect, test } from 'vitest'
import { piecesOf } from './pieces.ts'

test('terms are found in any case, each by its own number, and the text stays what it was', () => {
  expect(piecesOf('Connection to db-7: connection lost', ['connection', 'db-7'])).toEqual([
    { from: 0, text: 'Connection', mark: 0 },
    { from: 10, text: ' to ' },
    { from: 14, text: 'db-7', mark: 1 },
    { from: 18, text: ': ' },
    { from: 20, text: 'connection', mark: 0 },
    { from: 30, text: ' lost' },
  ])
  const term = fc.oneof(fc.string({ minLength: 1, maxLength: 4 }), fc.constantFrom('.', '*', '(', 'a', '\\', '[^'))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(term, { minLength: 1, maxLength: 5 }), (text, marks) => {
      const pieces = piecesOf(text, marks)
      expect(pieces.map((piece) => piece.text).join('')).toBe(text)
      for (const { mark, text: found } of pieces)
        if (mark !== undefined)
          expect(new RegExp(`^${(marks[mark] ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'is').test(found)).toBe(true)
    }),
  )
})
