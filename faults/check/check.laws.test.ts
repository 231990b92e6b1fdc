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
    { numRuns: 500 },
  )
})

test.each(corruptions)('%s: caught by %s', (_name, law, corrupt) => {
  let struck = 0
  fc.assert(
    fc.property(steps, fc.nat(), (all, which) => {
      const history = play(all)
      if (!corrupt(history, which)) return
      struck += 1
      expect(check(history, needsNothing).findings.map((finding) => finding.law)).toContain(law)
    }),
    { numRuns: 200 },
  )
  // Most histories have something to corrupt; a test that found none would show nothing.
  expect(struck).toBeGreaterThan(10)
})
