/** Chain: the hashes of the commits, computed again, are those they were given. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const chain: MakeLaw = () => {
  const findings = createFindings('chain')
  let looked = 0
  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'chain') return
      looked += 1
      if (!entry.intact) findings.add('the log is not as it was committed', () => entry.detail ?? 'no detail was told', [line])
    },
    judge: () => ({ looked, findings: findings.all() }),
  }
}
