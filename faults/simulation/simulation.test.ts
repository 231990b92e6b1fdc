/** The simulation holds over many seeds, is the same for the same one, and sees what is wrong. */
import { expect, test } from 'vitest'
import { type Bug, bugs } from './bugs.ts'
import { runSeeds } from './seeds.ts'
import { simulate } from './simulation.ts'

test('the same seed is the same run, another one is another', async () => {
  const [one, again, other] = [await simulate({ seed: 11 }), await simulate({ seed: 11 }), await simulate({ seed: 12 })]
  expect(again).toEqual(one)
  expect(other.trace).not.toBe(one.trace)
  expect(one.turns).toBeGreaterThan(300)
})

test('whatever strikes, nothing acknowledged is lost, nothing applies twice, and all come to the head once it is healed', async () => {
  const lines: string[] = []
  const { struck, seen } = await runSeeds({ first: 1, count: 200, onLine: (line) => lines.push(line) })
  expect(lines).toEqual([])
  // A fault that never strikes shows nothing, nor does one that nobody feels.
  expect(Object.values(struck).filter((times) => times >= 10)).toHaveLength(17)
  for (const sight of ['duplicate-suppressed', 'ambiguous-ack', 'fence-rejection', 'late-event', 'lost-commit-answer', 'gap', 'id-reused'])
    expect(seen[sight], sight).toBeGreaterThan(0)
})

test.each(Object.keys(bugs) as Bug[])('a bug is found: %s', async (bug) => {
  // The rarest shows in one of twelve.
  const { failed } = await runSeeds({ first: 1, count: 200, bugs: [bug], stopsAtFirst: true, onLine: () => {} })
  expect(failed).toHaveLength(1)
})
