/** Agreement: whoever looked, the same event stands at the same position, and what was seen is in the log. Also across epochs: positions are never given twice. */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'
import { createPlaces, isPosition } from './places.ts'

export const agreement: MakeLaw = (ledger) => {
  const { contents, log } = ledger
  const findings = createFindings('agreement')
  const seen = createPlaces()
  let looked = 0
  return {
    see(entry, line, named) {
      const isSeen = entry.op === 'observe' && 'places' in entry
      if (!isSeen && !(entry.op === 'final' && entry.what === 'log')) return
      for (const [index, [partition, position, id]] of entry.places.entries()) {
        if (!isPosition(position)) {
          if (isSeen) findings.add('events were seen where there is no position', () => `${id} at ${partition}:${position}`, [line])
          continue
        }
        if (isSeen) looked += 1
        const content = named[index] ?? -1
        const before = seen.contentAt(partition, position)
        if (before === -1) seen.put(partition, position, content, line)
        else if (before !== content) {
          const what = contents.idOf(before) === id ? 'one event was seen with two contents' : 'two events were seen at one position'
          findings.add(what, () => `${partition}:${position}: ${contents.idOf(before)} and ${id}`, [seen.lineAt(partition, position), line])
        }
      }
    },
    judge() {
      for (const partition of ledger.isLogKnown() ? seen.partitions() : [])
        for (let position = ledger.retainedFrom(partition); position <= seen.head(partition); position += 1) {
          const content = seen.contentAt(partition, position)
          if (content !== -1 && log.contentAt(partition, position) === -1)
            findings.add('events were seen and are not in the log', () => `${contents.idOf(content)} at ${partition}:${position}`, [
              seen.lineAt(partition, position),
            ])
        }
      return { looked, findings: findings.all() }
    },
  }
}
