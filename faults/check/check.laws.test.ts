import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './check.ts'
import { corruptions } from './corruptions.testing.ts'
import { play, steps } from './played.testing.ts'

const needsNothing = { needs: { sights: [], laws: [] } } as const

test('whatever happens, a history of promises kept passes', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { findings, counted } = check(play(all), needsNothing)
      expect(findings).toEqual([])
      expect(counted.counts).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test.each(corruptions)('$name: caught by $law', ({ law, corrupt }) => {
  fc.assert(
    fc.property(steps, fc.nat(), (all, which) => {
      const history = play(all)
      fc.pre(corrupt(history, which))
      expect(check(history, needsNothing).findings.map((finding) => finding.law)).toContain(law)
    }),
    { numRuns: 60 },
  )
})
