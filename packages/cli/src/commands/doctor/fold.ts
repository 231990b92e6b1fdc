/** The rows that are shown are what the log folds to: it is folded again in memory and compared, all in one snapshot of the database. */
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { type LogRow, logColumns, toEvent } from '@signalbox/server/store/reader.ts'
import { columnsOf, isOpenCall } from '@signalbox/server/store/row-columns.ts'
import type { Pool, PoolClient } from 'pg'
import { isObject } from '../../import/text.ts'
import { whole } from '../options.ts'
import type { Finding } from './finding.ts'

export interface FoldCheckOptions {
  /** Told now and then how far it is. */
  readonly progress?: (text: string) => void
}

interface Head {
  readonly partition: number
  readonly position: string
  readonly oldest: string
  readonly fold: string
}

interface StoredRow {
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

const name = 'rows as folded'
const pageEvents = 5_000
const saidEveryPages = 20
const mostNamed = 5

export async function checkFold(pool: Pool, { progress = () => {} }: FoldCheckOptions = {}): Promise<Finding> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read, read only')
    const { rows: heads } = await client.query<Head>('select partition, folded as position, oldest, fold from heads order by partition')
    const cannot = heads.map(whyNot).find((reason) => reason !== undefined)
    if (cannot !== undefined) return { name, health: 'unknown', ...cannot }
    const wrong: string[] = []
    let count = 0
    for (const head of heads) {
      const made = await foldLog(client, head, progress)
      if ('missing' in made) wrong.push(`event ${made.missing} of partition ${head.partition} is missing`)
      else {
        count += made.rows.size
        wrong.push(...(await differences(client, head.partition, made.rows)))
      }
    }
    if (wrong.length === 0) return { name, health: 'good', what: `${whole(count)} rows are what the log folds to` }
    const more = wrong.length > mostNamed ? `; and ${whole(wrong.length - mostNamed)} more` : ''
    return {
      name,
      health: 'bad',
      what: `${wrong.slice(0, mostNamed).join('; ')}${more}`,
      todo: "If the log is as committed, let the rows be made again: stop the server, run update heads set fold = 'none' in the database, start it. And please report it.",
    }
  } finally {
    await client.query('rollback').catch(() => undefined)
    client.release()
  }
}

function whyNot({ partition, oldest, fold }: Head): { what: string; todo: string } | undefined {
  if (fold !== FOLD_VERSION)
    return { what: `the rows are of fold ${fold}, this version folds ${FOLD_VERSION}`, todo: 'Use the doctor of the version that runs.' }
  if (Number(oldest) > 1)
    return {
      what: `partition ${partition} keeps its events from position ${oldest} on: its rows cannot be made again from the log`,
      todo: 'Nothing is wrong with that: older events left with the retention.',
    }
  return undefined
}

interface Made {
  readonly position: number
  readonly table: Table
  readonly row: RowOf[Table]
}
const idOf = (tenant: string, table: string, key: string) => `${tenant}\u0000${table}\u0000${key}`

async function foldLog(client: PoolClient, { partition, position }: Head, progress: (text: string) => void) {
  const held = new Map<string, ReturnType<typeof createRows>>()
  const rows = new Map<string, Made>()
  let at = 0
  for (let pages = 1; at < Number(position); pages += 1) {
    const { rows: page } = await client.query<LogRow>(
      `select ${logColumns} from log where partition = $1 and position > $2 and position <= $3 order by position limit $4`,
      [partition, at, position, pageEvents],
    )
    for (const event of page.map(toEvent)) {
      if (event.position !== at + 1) return { missing: at + 1 }
      at = event.position
      const base = held.get(event.tenant) ?? createRows()
      held.set(event.tenant, base)
      const own = createRows()
      try {
        applyEvent({ get: (table, key) => own.get(table, key) ?? base.get(table, key), set: own.set }, event)
      } catch {
        // As the server does when it folds its log again.
        continue
      }
      for (const [table, key, row] of own.entries()) {
        base.set(table, key, row)
        rows.set(idOf(event.tenant, table, key), { position: at, table, row })
      }
    }
    if (page.length === 0) return { missing: at + 1 }
    if (pages % saidEveryPages === 0) progress(`folded ${whole(at)} of ${whole(Number(position))} events of partition ${partition}`)
  }
  return { rows }
}

/** Takes the rows that are there out of `made`. */
async function differences(client: PoolClient, partition: number, made: Map<string, Made>): Promise<string[]> {
  const wrong: string[] = []
  const seen = new Set<string>()
  await client.query(
    `declare stored no scroll cursor for
     select tenant, tbl, key, position, sort, run, agent, task, state, open, body from projections where partition = ${partition}`,
  )
  for (;;) {
    const { rows } = await client.query<StoredRow>(`fetch ${pageEvents} from stored`)
    if (rows.length === 0) break
    for (const row of rows) {
      const id = idOf(row.tenant, row.tbl, row.key)
      const called = `${row.tbl} ${JSON.stringify(row.key)} of ${row.tenant}`
      const due = made.get(id)
      if (seen.has(id)) wrong.push(`${called} is there twice`)
      else if (due === undefined) wrong.push(`${called} is of no event`)
      else {
        const fields = differentFields(row, due)
        if (fields.length > 0) wrong.push(`${called} differs in ${fields.join(', ')}`)
      }
      seen.add(id)
    }
  }
  await client.query('close stored')
  for (const [id, { table }] of made) if (!seen.has(id)) wrong.push(`${table} ${JSON.stringify(id.split('\u0000').at(-1))} is missing`)
  return wrong
}

function differentFields(stored: StoredRow, { position, table, row }: Made): string[] {
  const [sort, run, agent, task, state] = columnsOf(table, row)
  const columns: readonly (readonly [string, unknown, unknown])[] = [
    ['position', Number(stored.position), position],
    ['sort', Number(stored.sort), sort],
    ['run', stored.run, run ?? null],
    ['agent', stored.agent, agent ?? null],
    ['task', stored.task, task ?? null],
    ['state', stored.state, state ?? null],
    ['open', stored.open, isOpenCall(table, row)],
  ]
  const wrong = columns.flatMap(([column, is, due]) => (is === due ? [] : [`column ${column}`]))
  const is: Readonly<Record<string, unknown>> = isObject(stored.body) ? stored.body : {}
  const due = row as unknown as Readonly<Record<string, unknown>>
  for (const field of new Set([...Object.keys(is), ...Object.keys(due)]))
    if (canonical(is[field]) !== canonical(due[field])) wrong.push(field)
  return wrong
}

const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
