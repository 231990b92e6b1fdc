/** In which fields a stored row differs from the one it is due to be: its columns, and its body field by field. */
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { isObject } from '@signalbox/model/text.ts'
import { columnsOf, isOpenCall } from '@signalbox/server/store/row-columns.ts'

/** Of the table projections, as PostgreSQL gives it. */
export interface StoredRow {
  readonly tenant: string
  readonly tbl: Table
  readonly key: string
  readonly position: string
  readonly sort: string
  readonly run: string | null
  readonly agent: string | null
  readonly task: string | null
  readonly state: string | null
  readonly open: boolean
  readonly body: unknown
}

export interface DueRow {
  readonly position: number
  readonly table: Table
  readonly row: RowOf[Table]
}

export function differentFields(stored: StoredRow, { position, table, row }: DueRow): string[] {
  const [sort, run, agent, task, state] = columnsOf(table, row)
  const columns: readonly (readonly [string, unknown, unknown])[] = [
    ['position', Number(stored.position), position],
    ['sort', Number(stored.sort), sort],
    ['run', stored.run, run],
    ['agent', stored.agent, agent],
    ['task', stored.task, task],
    ['state', stored.state, state],
    ['open', stored.open, isOpenCall(table, row)],
  ]
  return [...columns.flatMap(([column, is, due]) => (is === due ? [] : [`column ${column}`])), ...differentInBody(stored.body, row)]
}

export function differentInBody(body: unknown, row: RowOf[Table]): string[] {
  const is: Readonly<Record<string, unknown>> = isObject(body) ? body : {}
  const due = row as unknown as Readonly<Record<string, unknown>>
  return [...new Set([...Object.keys(is), ...Object.keys(due)])].filter((field) => canonical(is[field]) !== canonical(due[field]))
}

/** The same text for the same value, whatever the order of its keys. */
const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
