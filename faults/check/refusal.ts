/**
 * Refusal: what was made wrong on purpose is refused and kept in quarantine, and costs no other event. Every event of an answered call
 * is in the answer once.
 */
import type { HistoryEntry } from '../history/history.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

/** Right for good events too: they are late, of a wrong clock, or of a reused id (which `conflict` judges). */
const earned = new Set(['EVENT_TOO_OLD', 'EVENT_FROM_FUTURE', 'ID_REUSED'])
/** Refused by the time in the id alone: nothing is kept. */
const notKept = new Set(['EVENT_TOO_OLD', 'EVENT_FROM_FUTURE'])

export const refusal: MakeLaw = (ledger) => {
  const { contents } = ledger
  const findings = createFindings('refusal')
  /** Events in calls that ended `ok`, less those their answers count. */
  const unaccounted = new Map<string, { events: number; readonly line: number }>()
  /** `id code` of what has to be in quarantine; without an id: how many of a code. */
  const keptIds = new Map<string, number>()
  const keptCodes = new Map<string, { readonly contents: Set<number>; readonly line: number }>()
  const quarantined = new Map<string, number>()
  let isQuarantineKnown = false
  /** Of what is missing there, the server said so of as many. */
  let saidNotKept = 0
  let looked = 0

  function answer(entry: HistoryEntry & { readonly op: 'send'; readonly type: 'ok' }, line: number): void {
    const call = ledger.callOf(entry.process, entry.call)
    if (call === undefined) return
    const sum = unaccounted.get(entry.process) ?? { events: 0, line }
    unaccounted.set(entry.process, sum)
    sum.events += call.events.length - entry.accepted - entry.duplicates - entry.refused.length
    const refused = new Set<number>()
    for (const { index, id, code } of entry.refused) {
      const event = call.events[index]
      const content = call.contents[index]
      if (event === undefined || content === undefined || (id !== undefined && id !== event.id) || refused.has(index)) {
        findings.add('answers refuse what is not in their call, or twice', () => `item ${index}, ${id ?? 'no id'}, ${code}`, [
          call.line,
          line,
        ])
        continue
      }
      refused.add(index)
      if (event.poison !== true && !earned.has(code))
        findings.add('good events were refused', () => `${event.id}: ${code}`, [call.line, line])
      if (notKept.has(code)) continue
      if (id !== undefined) keptIds.set(`${id} ${code}`, line)
      else {
        const kept = keptCodes.get(code) ?? { contents: new Set<number>(), line }
        keptCodes.set(code, kept)
        kept.contents.add(content)
      }
    }
    call.events.forEach(({ id, poison }, index) => {
      if (poison !== true) return
      looked += 1
      if (!refused.has(index)) findings.add('poison was acknowledged', () => id, [call.line, line])
    })
  }

  return {
    see(entry, line) {
      if (entry.op === 'send' && entry.type === 'ok') answer(entry, line)
      if (entry.op !== 'final') return
      if (entry.what === 'not-kept') saidNotKept += entry.items
      if (entry.what !== 'quarantine') return
      isQuarantineKnown = true
      for (const { id, code } of entry.items) {
        const name = id === undefined ? code : `${id} ${code}`
        quarantined.set(name, (quarantined.get(name) ?? 0) + 1)
      }
    },
    judge() {
      for (const [process, { events, line }] of unaccounted)
        if (events !== 0)
          findings.add(
            'answers do not count each event once',
            () => `${process}: ${Math.abs(events)} ${events > 0 ? 'not counted' : 'too many'}`,
            [line],
          )
      for (let content = 0; content < contents.count; content += 1)
        if (contents.poison.get(content) !== 0 && contents.logged.get(content) !== 0)
          findings.add('poison is in the log', () => contents.idOf(content), [contents.sent.get(content), contents.logged.get(content)])
      if (isQuarantineKnown) {
        const what = 'refused events are not in quarantine'
        const lacking = [...keptIds].filter(([name]) => !quarantined.has(name))
        const lackingCodes = [...keptCodes].flatMap(([code, { contents: all, line }]) => {
          const lacks = all.size - (quarantined.get(code) ?? 0)
          return lacks > 0 ? [{ code, lacks, line }] : []
        })
        const missing = lackingCodes.reduce((sum, { lacks }) => sum + lacks, lacking.length)
        if (missing > saidNotKept) {
          for (const [name, line] of lacking) findings.add(what, () => name, [line])
          for (const { code, lacks, line } of lackingCodes) findings.add(what, () => `${lacks} without an id, ${code}`, [line])
        }
      }
      return { looked, findings: findings.all() }
    },
  }
}
