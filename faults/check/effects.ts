/** Effects: each event counted once. A run's row counts the distinct ids of the log that name it, and sums what they add. */
import type { RunRow } from '@signalbox/model/rows.ts'
import { createColumn } from './column.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

const sums = ['inputTokens', 'outputTokens', 'costMicros'] as const
interface Effects {
  events: number
  inputTokens: number
  outputTokens: number
  costMicros: number
}

export const effects: MakeLaw = (ledger) => {
  const { contents } = ledger
  const findings = createFindings('effects')
  const adds = { inputTokens: createColumn('float64'), outputTokens: createColumn('float64'), costMicros: createColumn('float64') }
  /** Some events say what they add: sums of runs are then known. */
  let isAdding = false
  let isProjectionKnown = false
  const rows = new Map<string, { readonly row: RunRow; readonly line: number }>()

  function due(): Map<string, Effects> {
    const byRun = new Map<string, Effects>()
    for (let content = 0; content < contents.count; content += 1) {
      const run = contents.runOf(content)
      if (run === undefined || contents.logged.get(content) === 0) continue
      const counted = byRun.get(run) ?? { events: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }
      byRun.set(run, counted)
      counted.events += 1
      for (const sum of sums) counted[sum] += adds[sum].get(content)
    }
    return byRun
  }

  return {
    see(entry, line, named) {
      const isMade = (entry.op === 'send' && entry.type === 'invoke') || (entry.op === 'final' && entry.what === 'own')
      for (const [index, { adds: own }] of (isMade ? entry.events : []).entries()) {
        if (own === undefined) continue
        isAdding = true
        const content = named[index] ?? -1
        for (const sum of sums) adds[sum].set(content, own[sum])
      }
      if (entry.op !== 'final' || entry.what !== 'projection') return
      isProjectionKnown = true
      for (const [key, body] of Object.entries(entry.rows))
        if (key.startsWith('runs/')) rows.set(key.slice('runs/'.length), { row: JSON.parse(body) as RunRow, line })
    },
    judge() {
      // Rows outlive their events: where the retention took some, more is counted than is there.
      if (!isProjectionKnown || !ledger.isLogKnown() || !ledger.isAllRetained()) return { looked: 0, findings: [] }
      const byRun = due()
      for (const [run, counted] of byRun) {
        const found = rows.get(run)
        if (found === undefined) {
          findings.add('runs of the log have no row', () => `run "${run}" of ${counted.events} events`, [])
          continue
        }
        const { row, line } = found
        if (row.events !== counted.events)
          findings.add('runs did not count each event once', () => `run "${run}" counted ${row.events}, the log has ${counted.events}`, [
            line,
          ])
        for (const sum of isAdding ? sums : [])
          if (row.totals[sum] !== counted[sum])
            findings.add(`runs did not sum ${sum} once`, () => `run "${run}" has ${row.totals[sum]}, the log adds ${counted[sum]}`, [line])
      }
      for (const [run, { row, line }] of rows)
        if (!byRun.has(run)) findings.add('runs have a row and no event', () => `run "${run}" of ${row.events} events`, [line])
      return { looked: byRun.size, findings: findings.all() }
    },
  }
}
