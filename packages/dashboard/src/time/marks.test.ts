import { expect, test } from 'vitest'
import { clustersOf } from './marks.ts'

const window = { since: 0, until: 1_000 }

test('marks that would cover each other are one, named by its worst', () => {
  const found = clustersOf(
    [
      { at: 10, kind: 'failed', agent: 'a', task: 't' },
      { at: 12, kind: 'lost', agent: 'b' },
      { at: 900, kind: 'stuck', agent: 'c' },
      { at: 2_000, kind: 'alert' },
    ],
    window,
    10,
  )
  expect(found.map(({ at, kind, count }) => [at, kind, count])).toEqual([
    [12, 'lost', 2],
    [900, 'stuck', 1],
  ])
  expect(found[0]?.title).toMatch(/failed: a · t\n.*lost: b/)
})

test('a name that hides what it says is shown as it is, and many are counted', () => {
  const many = Array.from({ length: 9 }, (_, i) => ({ at: 500, kind: 'failed' as const, agent: `\u202eevil ${i}` }))
  const [only] = clustersOf(many, window, 10)
  expect(only?.title).toContain('\\u{202e}evil 0')
  expect(only?.title.split('\n')).toHaveLength(5)
  expect(only?.title).toContain('and 5 more')
})
