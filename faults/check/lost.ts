/** Lost: what was acknowledged is in the log. Both stored and duplicate are acknowledged. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const lost: MakeLaw = ({ contents, log, isLogKnown, retainedFrom }) => ({
  judge() {
    const findings = createFindings('lost')
    let looked = 0
    for (let content = 0; content < contents.count && isLogKnown(); content += 1) {
      const line = contents.acknowledged.get(content)
      if (line === 0) continue
      looked += 1
      if (contents.logged.get(content) !== 0) continue
      // The retention took it, if it was seen where the retention has been. Where nobody saw it, nobody can tell.
      const [partition, position] = [contents.partition.get(content), contents.position.get(content)]
      if (position !== 0 && position < retainedFrom(partition)) continue
      if (isOtherLogged(content)) continue
      const last = position === 0 ? '' : `, last seen at ${partition}:${position} of a log that ends at ${log.head(partition)}`
      findings.add('events were acknowledged and are not in the log', () => `${contents.idOf(content)}${last}`, [
        contents.sent.get(content),
        line,
      ])
    }
    return { looked, findings: findings.all() }

    /** Its id is there with another content: that is of `conflict`, or of `phantom` where nobody sent that other content. */
    function isOtherLogged(content: number): boolean {
      for (let at = contents.firstOf(content); at !== -1; at = contents.next(at)) if (contents.logged.get(at) !== 0) return true
      return false
    }
  },
})
