/** Phantom: what is in the log was sent, and by a call that may have happened. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const phantom: MakeLaw = ({ contents }) => ({
  judge() {
    const findings = createFindings('phantom')
    let looked = 0
    for (let content = 0; content < contents.count; content += 1) {
      const logged = contents.logged.get(content)
      if (logged === 0) continue
      looked += 1
      if (contents.own.get(content) !== 0) continue
      const which = () => `${contents.idOf(content)} at ${contents.partition.get(content)}:${contents.position.get(content)}`
      const sent = contents.sent.get(content)
      if (sent === 0) {
        const id = contents.firstOf(content)
        const isKnown = id !== content || contents.next(content) !== -1
        findings.add(isKnown ? 'events are in the log with a content that nobody sent' : 'events are in the log that nobody sent', which, [
          contents.sent.get(id),
          logged,
        ])
      } else if (contents.acknowledged.get(content) === 0 && contents.unknown.get(content) === 0)
        findings.add('events are in the log though each of their calls failed or had them refused', which, [
          sent,
          contents.notTaken.get(content),
          logged,
        ])
    }
    return { looked, findings: findings.all() }
  },
})
