/** Liveness: once healed, events are acknowledged in time, nothing lags, and no lock is left. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const liveness: MakeLaw = (_ledger, bounds) => {
  const findings = createFindings('liveness')
  let looked = 0
  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'health') return
      looked += 1
      const { ackMs, lag, locks } = entry
      // Said so that NaN, which JSON makes null, is no time at all.
      if (!(ackMs !== null && ackMs <= bounds.ackMs))
        findings.add(`an event was not acknowledged within ${bounds.ackMs} ms after healing`, () => `${ackMs} ms`, [line])
      if (lag !== 0) findings.add('consumers of the log stayed behind', () => `${lag} events`, [line])
      if (locks !== 0) findings.add('locks were left', () => `${locks}`, [line])
    },
    judge: () => ({ looked, findings: findings.all() }),
  }
}
