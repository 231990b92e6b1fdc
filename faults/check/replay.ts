/** Replay: the rows that were written, the rows that the log folds to, and the rows that live readers hold are the same. */
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { CallRow, TaskRow } from '@signalbox/model/rows.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

type Rows = Map<string, { readonly body: string; readonly line: number }>

export const replay: MakeLaw = () => {
  const findings = createFindings('replay')
  let projection: Rows | undefined
  let refold: Rows | undefined
  const live = new Map<string, Rows>()
  let looked = 0

  function compare(reader: string, rows: Rows, written: Rows, mayLack: (key: string, body: string) => boolean): void {
    for (const [key, { body, line }] of rows) {
      looked += 1
      const due = written.get(key)
      if (due === undefined) findings.add('rows are not in the projections', () => `${key} of ${reader}`, [line])
      else if (due.body !== body)
        findings.add('rows differ from the projections', () => `${key} of ${reader}, in ${differentFields(due.body, body)}`, [
          due.line,
          line,
        ])
    }
    for (const [key, { body, line }] of written)
      if (!rows.has(key) && !mayLack(key, body)) findings.add('rows of the projections are missing', () => `${key} of ${reader}`, [line])
  }

  return {
    see(entry, line) {
      if (entry.op !== 'final') return
      if (entry.what !== 'projection' && entry.what !== 'refold' && entry.what !== 'live') return
      let rows: Rows
      if (entry.what === 'projection') rows = projection ??= new Map()
      else if (entry.what === 'refold') rows = refold ??= new Map()
      else {
        rows = live.get(entry.process) ?? new Map()
        live.set(entry.process, rows)
      }
      for (const [key, body] of Object.entries(entry.rows)) rows.set(key, { body, line })
    },
    judge() {
      if (projection !== undefined) {
        if (refold !== undefined) compare('the log folded again', refold, projection, () => false)
        for (const [process, rows] of live) compare(process, rows, projection, hasLeft)
      }
      return { looked, findings: findings.all() }
    },
  }
}

/** Calls and tasks that ended leave a feed of the whole fleet, and edges are never in it. */
function hasLeft(key: string, body: string): boolean {
  if (key.startsWith('edges/')) return true
  if (key.startsWith('calls/')) return (JSON.parse(body) as CallRow).outcome !== undefined
  return key.startsWith('tasks/') && isTerminal((JSON.parse(body) as TaskRow).state)
}

function differentFields(one: string, other: string): string {
  const [a, b] = [JSON.parse(one), JSON.parse(other)] as Readonly<Record<string, unknown>>[]
  const fields = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])
  return [...fields].filter((field) => JSON.stringify(a?.[field]) !== JSON.stringify(b?.[field])).join(', ') || 'the order of their keys'
}
