/** Duplicate: each id stands once in the log, and each position holds one event. */
import { createColumn } from './column.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const duplicate: MakeLaw = ({ contents, log }) => {
  const findings = createFindings('duplicate')
  /** Line where the id of a content, by its first content, was first read. */
  const seen = createColumn('int32')
  let looked = 0
  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'log') return
      for (const [partition, position, id, hash] of entry.places) {
        looked += 1
        const content = contents.of(id, hash)
        const before = seen.get(contents.firstOf(content))
        if (before !== 0)
          findings.add('ids stand in the log more than once', () => `${id}, again at ${partition}:${position}`, [before, line])
        else seen.set(contents.firstOf(content), line)
        const holder = log.contentAt(partition, position)
        if (holder !== -1 && holder !== content)
          findings.add(
            'positions of the log hold more than one event',
            () => `${partition}:${position}: ${contents.idOf(holder)} and ${id}`,
            [log.lineAt(partition, position), line],
          )
      }
    },
    judge: () => ({ looked, findings: findings.all() }),
  }
}
