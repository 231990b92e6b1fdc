import { expect, test } from 'vitest'
import { age, compact, dollars, visible } from './text.ts'

test('hostile text is shown, not obeyed', () => {
  expect(visible('a\u202eb\u0000c\u200bd\ud800')).toBe('a\\u{202e}b\\u{0}c\\u{200b}d\\u{d800}')
  expect(visible('plain\n\tüñí 😀')).toBe('plain\n\tüñí 😀')
})

test('figures are short', () => {
  expect([age(-5), age(59_999), age(61_000), age(3_660_000), age(90_000_000)]).toEqual(['0s', '59s', '1m 1s', '1h 1m', '1d 1h'])
  expect([compact(999), compact(1_500), compact(25_000), compact(2_500_000)]).toEqual(['999', '1.5k', '25k', '2.5M'])
  expect([dollars(0), dollars(1_500)]).toEqual(['–', '$0.002'])
})
