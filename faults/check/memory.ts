/** Memory: whatever happened, the server stays within its bound. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const memory: MakeLaw = (_ledger, bounds) => {
  const findings = createFindings('memory')
  let looked = 0
  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'health') return
      looked += 1
      if (!(entry.rssMiB <= bounds.rssMiB))
        findings.add(`the server took more than ${bounds.rssMiB} MiB`, () => `${entry.rssMiB} MiB`, [line])
    },
    judge: () => ({ looked, findings: findings.all() }),
  }
}
