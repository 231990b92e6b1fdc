/** Rows of former folds in today's shape: for a log whose history is no longer whole, so that they cannot be folded again. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow, Table } from '@signalbox/model/rows.ts'

export interface StoredRow {
  readonly tenant: string
  readonly table: Table
  readonly key: string
  readonly position: number
  /** As stored. */
  readonly body: Readonly<Record<string, unknown>>
}

type Convert = (row: StoredRow) => StoredRow

const separator = '\u001f'

/** Fold 1 named a call by run and call alone; since then its kind is between them. */
function callKey(key: string, kind: unknown): string {
  const [run = '', ...rest] = key.split(separator)
  return rest.length === 1 && (kind === 'llm' || kind === 'tool') ? rowKey.call(run, kind, rest[0] ?? '') : key
}

/** Fold 1 kept open calls in an object by key; since then they are a list. */
function inFlightList(held: unknown): unknown {
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return held
  return Object.entries(held as Record<string, { readonly kind?: unknown }>).map(([key, open]) => ({
    call: callKey(key, open.kind),
    ...open,
  }))
}

const fromFold1: Convert = (row) => {
  if (row.table === 'calls') return { ...row, key: callKey(row.key, row.body.kind) }
  if (row.table === 'agents') return { ...row, body: { ...row.body, inFlight: inFlightList(row.body.inFlight) } }
  return row
}

/** Until fold 3 an agent's task did not say its run: it was as good as always the agent's. */
const fromFold3: Convert = (row) => {
  const { task, run } = row.body as Pick<AgentRow, 'task' | 'run'>
  if (row.table !== 'agents' || task === undefined) return row
  return { ...row, body: { ...row.body, task: { ...task, run: task.run ?? run?.value } } }
}

/** By the version that made the rows. Fold 2 differs from 3 in what it counts as in flight, 4 from 5 in when an agent was seen, 5 from 6 in what an end may tell, 6 from 7 in that an agent has a team: none is told apart by shape. */
const converts: ReadonlyMap<string, Convert> = new Map([
  ['', (row) => fromFold3(fromFold1(row))],
  ['1', (row) => fromFold3(fromFold1(row))],
  ['2', fromFold3],
  ['3', fromFold3],
  ['4', (row) => row],
  ['5', (row) => row],
  ['6', (row) => row],
])

/** Undefined for a version that is not known here. */
export const converterFrom = (fold: string): Convert | undefined => converts.get(fold)
