/** Conflict: of two contents sent with one id the log holds one, and the other is refused as ID_REUSED, never taken for a duplicate. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const conflict: MakeLaw = ({ contents, isLogKnown, isAllRetained }) => ({
  judge() {
    const findings = createFindings('conflict')
    let looked = 0
    for (let first = 0; first < contents.count && isLogKnown(); first += 1) {
      if (!contents.isFirst(first)) continue
      if (contents.next(first) !== -1) judgeId(first)
      else if (contents.reused.get(first) !== 0)
        findings.add('events were refused as ID_REUSED whose id has one content', () => contents.idOf(first), [
          contents.sent.get(first),
          contents.reused.get(first),
        ])
    }
    return { looked, findings: findings.all() }

    function judgeId(first: number): void {
      const all: number[] = []
      for (let at = first; at !== -1; at = contents.next(at)) all.push(at)
      if (all.filter((content) => contents.sent.get(content) !== 0).length < 2) return
      looked += 1
      const holder = all.find((content) => contents.logged.get(content) !== 0)
      for (const content of all) {
        const reused = contents.reused.get(content)
        if (content === holder) {
          if (reused !== 0)
            findings.add('events were refused as ID_REUSED and are the ones that hold their id', () => contents.idOf(content), [
              reused,
              contents.logged.get(content),
            ])
          continue
        }
        if (holder === undefined && reused !== 0 && isAllRetained())
          findings.add('events were refused as ID_REUSED and nobody holds their id', () => contents.idOf(content), [reused])
        const acknowledged = contents.acknowledged.get(content)
        if (acknowledged !== 0 && holder !== undefined && contents.sent.get(holder) !== 0)
          findings.add('events were acknowledged and another content holds their id', () => contents.idOf(content), [
            contents.sent.get(holder),
            acknowledged,
            contents.logged.get(holder),
          ])
      }
    }
  },
})
