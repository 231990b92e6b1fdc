import { expect, test } from 'vitest'
import { createSampler } from './sample.ts'

function sampler(perSecond: number) {
  let now = 0
  const made = createSampler(() => now, perSecond)
  return {
    ...made,
    /** So many of each lane, spread over ten milliseconds; answers how many of them were taken. */
    step(counts: Partial<Record<'errors' | 'wanted' | 'others', number>>) {
      now += 10
      return Object.fromEntries(
        Object.entries(counts).map(([lane, count]) => [
          lane,
          Array.from({ length: count }, () => made.take(lane as 'errors')).filter(Boolean).length,
        ]),
      )
    },
    rest: () => {
      now += 5_000
    },
  }
}

test('what can be followed is taken whole', () => {
  const { step, oneIn } = sampler(1_000)
  for (let i = 0; i < 300; i += 1) expect(step({ wanted: 10 })).toEqual({ wanted: 10 })
  expect(oneIn('wanted')).toBe(1)
})

test('ten thousand a second become about as many as can be held, and errors stay whole', () => {
  const { step, oneIn } = sampler(800)
  for (let i = 0; i < 100; i += 1) step({ wanted: 100, errors: 1 })
  expect(oneIn('wanted')).toBe(13)
  let wanted = 0
  let errors = 0
  for (let i = 0; i < 100; i += 1) {
    const taken = step({ wanted: 100, errors: 1 })
    wanted += taken.wanted ?? 0
    errors += taken.errors ?? 0
  }
  expect(errors).toBe(100)
  expect(wanted).toBeGreaterThan(700)
  expect(wanted).toBeLessThanOrEqual(800)
})

test('what nobody asked for does not crowd out what was asked for; a flood of errors is sampled too', () => {
  const { step, oneIn } = sampler(800)
  for (let i = 0; i < 100; i += 1) step({ others: 200, wanted: 2, errors: 50 })
  expect([oneIn('others'), oneIn('wanted'), oneIn('errors')]).toEqual([25, 1, 7])
})

test('after a rest everything is taken again', () => {
  const { step, oneIn, rest } = sampler(800)
  for (let i = 0; i < 100; i += 1) step({ wanted: 100 })
  rest()
  expect(oneIn('wanted')).toBe(1)
  expect(step({ wanted: 5 })).toEqual({ wanted: 5 })
})
