import { expect, test } from 'vitest'
import { briefOf } from './brief.ts'

const long = 'x'.repeat(1_000_000)

test.each([
  [{}, ''],
  [{ name: 'Bash', message: 'hello' }, 'hello'],
  [{ name: 'Bash', error: 'exit code 1' }, 'exit code 1'],
  [{ message: '', title: 'Carry the box' }, 'Carry the box'],
  [{ message: 'a\u202eb\u0007' }, 'a\\u{202e}b\\u{7}'],
  [{ rows: 3, ok: true, nested: { a: 1 }, list: [1] }, 'rows: 3 · ok: true · nested: {…} · list: {…}'],
])('%j reads "%s"', (data, wanted) => {
  expect(briefOf({ data })).toBe(wanted)
})

test('whatever the data, it is one line', () => {
  expect(briefOf({ data: { message: long } }).length).toBe(300)
  expect(briefOf({ data: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`field${i}`, long])) }).length).toBeLessThanOrEqual(
    300,
  )
})
