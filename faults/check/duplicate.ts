/** Duplicate: each id stands once in the log, each position holds one event, and each event is counted as stored by one answer at most. */
import type { HistoryEntry } from '../history/history.ts'
import { createColumn } from './column.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const duplicate: MakeLaw = (ledger) => {
  const { contents, log } = ledger
  const findings = createFindings('duplicate')
  /** Line where the id of a content, by its first content, was first read. */
  const seen = createColumn('int32')
  let looked = 0
  /** By process: events that its answers say were stored, and those of the log that it sent. */
  const stored = new Map<string, { said: number; line: number; readonly sent: Set<number> }>()

  function answer({ process, call, accepted }: HistoryEntry & { readonly op: 'send'; readonly type: 'ok' }, line: number): void {
    const own = stored.get(process) ?? { said: 0, line, sent: new Set<number>() }
    stored.set(process, own)
    own.said += accepted
    own.line = line
    for (const content of ledger.callOf(process, call)?.contents ?? []) own.sent.add(content)
  }

  return {
    see(entry, line, named) {
      if (entry.op === 'send' && entry.type === 'ok') answer(entry, line)
      if (entry.op !== 'final' || entry.what !== 'log') return
      for (const [index, [partition, position, id]] of entry.places.entries()) {
        looked += 1
        const content = named[index] ?? -1
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
    judge() {
      for (const [process, { said, line, sent }] of ledger.isLogKnown() && ledger.isAllRetained() ? stored : []) {
        let there = 0
        for (const content of sent) if (contents.logged.get(content) !== 0) there += 1
        if (said > there)
          findings.add('answers count more events as stored than are in the log', () => `${process}: ${said}, the log has ${there}`, [line])
      }
      return { looked, findings: findings.all() }
    },
  }
}
