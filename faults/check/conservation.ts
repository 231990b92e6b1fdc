/** Conservation: at each door, of each life that ended in peace, received = stored + duplicate + refused + quarantined. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const conservation: MakeLaw = () => {
  const findings = createFindings('conservation')
  let looked = 0
  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'fates') return
      const { door, received, stored, duplicate, refused, quarantined } = entry
      looked += received
      const sum = stored + duplicate + refused + quarantined
      if (sum !== received)
        findings.add(
          'doors do not account for what they received',
          () =>
            `${entry.process}, ${door}: received ${received}, accounted for ${sum} (stored ${stored}, duplicate ${duplicate}, refused ${refused}, quarantined ${quarantined})`,
          [line],
        )
    },
    judge: () => ({ looked, findings: findings.all() }),
  }
}
