/**
 * What commits changed over a stretch of the log, as a layer. Rows that ended (closed calls, ended tasks; an edge has as it comes) are nearly
 * all rows there ever are, and of no fleet: of them a stretch holds hashes of their keys, and those that an event came for late as they were before it.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { CallRow, ChangedRow, EdgeRow, RowOf, Table, TaskRow } from '@signalbox/model/rows.ts'
import { type HeldRows, hashOf, noRows } from './state-kept.ts'
import { type Endable, endable, isOpen, type Layer, rowAt } from './state-layers.ts'

/** A row that a commit changed; `was` is absent where it is not known. */
export interface CommittedRow extends ChangedRow {
  readonly tenant: TenantId
  readonly was?: RowOf[Table] | undefined
}

export interface Ended {
  readonly calls: Map<string, CallRow>
  readonly tasks: Map<string, TaskRow>
  readonly edges: Map<string, EdgeRow>
}

/** Of (after, upTo]. */
export interface Stretch {
  readonly after: number
  readonly upTo: number
  readonly rows: HeldRows
  /** Rows that had ended before it and that it changed, as they were. */
  readonly before: Ended
  /** Of all rows that it changed and that had ended at its end: hashes, sorted. */
  readonly ended: Float64Array
}

export const hashOfEnded = (table: Endable, key: string): number => hashOf(`${table} ${key}`)

/** In the place of rows that ended: they are not held. */
const endedCall = { outcome: 'finished' } as CallRow
const endedTask = { state: 'completed' } as TaskRow
export const isLeftOut = (row: object | undefined): boolean => row === endedCall || row === endedTask

export function hasEnded(table: Table, row: RowOf[Table]): boolean {
  if (table === 'calls') return !isOpen(row as CallRow)
  return table === 'edges' || (table === 'tasks' && isTerminal((row as TaskRow).state))
}

export const noEnded = (): Ended => ({ calls: new Map(), tasks: new Map(), edges: new Map() })

const of = (rows: HeldRows, table: Table) => rows[table] as Map<string, RowOf[Table]>
const sizeOfRows = (rows: HeldRows): number => rows.agents.size + rows.runs.size + rows.tasks.size + rows.calls.size + rows.edges.size

export interface Growing {
  readonly after: number
  /** Of the newest commit with a row of it. */
  readonly upTo: () => number
  readonly before: Ended
  /** False where what was before is not known: nothing can be said of the tenant from here on. */
  add(row: CommittedRow, upTo: number): boolean
  /** The state at its newest commit. */
  layer(below: Layer, position: number, events: number): Layer
  /** Rows that ended are left out. */
  close(below: Layer): Stretch
}

export function grow(after: number): Growing {
  const rows = noRows()
  const before = noEnded()
  let end = after
  return {
    after,
    upTo: () => end,
    before,
    add(changed, upTo) {
      if (!('was' in changed)) return false
      const { table, key, row, was } = changed
      if (was !== undefined && hasEnded(table, was) && !of(rows, table).has(key)) before[table as Endable].set(key, was as never)
      of(rows, table).set(key, row)
      end = upTo
      return true
    },
    layer: (below, position, events) => ({
      position,
      base: below.base,
      rows: {
        agents: new Map(rows.agents),
        runs: new Map(rows.runs),
        tasks: new Map(rows.tasks),
        calls: new Map(rows.calls),
        edges: new Map(rows.edges),
      },
      events,
      below,
    }),
    close(below) {
      const hashes: number[] = []
      for (const table of endable) {
        for (const [key, row] of of(rows, table)) {
          if (!hasEnded(table, row)) continue
          hashes.push(hashOfEnded(table, key))
          const lower = rowAt(below, table, key)
          if (lower === undefined || hasEnded(table, lower)) of(rows, table).delete(key)
          else of(rows, table).set(key, table === 'calls' ? endedCall : endedTask)
        }
      }
      return { after, upTo: end, rows, before, ended: Float64Array.from(hashes).sort() }
    },
  }
}

/** Rows held, those that are known for late events too. */
export const sizeOfStretch = ({ rows, before }: Stretch): number =>
  sizeOfRows(rows) + endable.reduce((sum, table) => sum + before[table].size, 0)
export const sizeOfBase = (layer: Layer): number => sizeOfRows(layer.rows)
