/** What no failure in so many trials shows. */

export interface FailureBound {
  /** Greatest chance of a failure in one trial that leaves 5 % for seeing none: 1 - 0.05^(1/trials). */
  readonly exact: number
  /** 3/trials, a little above it: the rule of three. */
  readonly ruleOfThree: number
}

/** At 95 % confidence, for independent trials that all passed. No trial shows nothing: both are 1. */
export function failureBound(trials: number): FailureBound {
  if (trials < 1) return { exact: 1, ruleOfThree: 1 }
  return { exact: -Math.expm1(Math.log(0.05) / trials), ruleOfThree: Math.min(1, 3 / trials) }
}
