import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createPace } from './pace.ts'

test('a flush costs what it took, without the turns of others and without what does not count', async () => {
  const clock = createFakeClock(0)
  const pace = createPace(clock)
  clock.advance(3)
  expect(pace.uncounted(() => clock.advance(5))).toBeUndefined()
  expect(pace.costMs()).toBe(3)
  const pauses = Array.from({ length: 200 }, () => pace.wrote()).filter((pause) => pause !== undefined)
  expect(pauses).toHaveLength(1)
  clock.advance(7)
  await pauses[0]
  expect(pace.costMs()).toBe(3)
  clock.advance(2)
  expect(pace.costMs()).toBe(5)
})
