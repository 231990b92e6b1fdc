import { expect, test } from 'vitest'
import { failureBound } from './bound.ts'

test('no failure in N trials bounds the chance of one', () => {
  expect(failureBound(0)).toEqual({ exact: 1, ruleOfThree: 1 })
  expect(failureBound(1).exact).toBeCloseTo(0.95, 10)
  expect(failureBound(100)).toEqual({ exact: expect.closeTo(0.029513, 6), ruleOfThree: 0.03 })
  expect(failureBound(1_000_000).exact).toBeCloseTo(2.9957e-6, 9)
})
