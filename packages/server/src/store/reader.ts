/** `LogReader` over PostgreSQL. */
import type { TenantId } from '@signalbox/model/event.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { type CallRow, type EdgeRow, type RowOf, type RunRow, type Table, taskStates } from '@signalbox/model/rows.ts'
import type { Pool, PoolClient } from 'pg'
import { settings } from '../config.ts'
import { type ClosedCall, callsBetween, lastCallsOfRun, stillSo } from './calls-read.ts'
import { firstHole } from './hole.ts'
import { toEvent } from './log-row.ts'
import { matching, readRows, where } from './log-rows.ts'
import type { Projections } from './projections.ts'
import type { Heads, LogReader, Members, TableRow, TextRow } from './store.ts'

/** Events of all tenants. Index: log_position of every day, merged. */
export async function readLog(client: Pick<PoolClient, 'query'>, partition: number, after: number, upTo: number, limit: number) {
  const rows = await readRows(client, {
    where: [where('partition', '=', partition), where('position', '>', after), where('position', '<=', upTo)],
    order: ['position', 'asc'],
    limit,
  })
  return rows.map(toEvent)
}

interface ProjectionRow<T extends Table = Table> {
  tbl: T
  partition: number
  key: string
  position: string
  body: RowOf[T]
}

interface ProjectionText extends Omit<ProjectionRow, 'body'> {
  json: string
}

export const toTableRow = <T extends Table>(row: ProjectionRow<T>): TableRow<T> => ({
  table: row.tbl,
  partition: row.partition,
  key: row.key,
  position: Number(row.position),
  row: row.body,
})

type RowField = 'run' | 'agent' | 'task'

/** Narrows the primary key to what is of these runs, whose keys begin with it: a run's own key is it, and what follows in others is \u001f. */
export function runConditions(runs: readonly string[], values: unknown[]): string {
  const ranges = runs.map((run) => `key >= $${values.push(run)} and key < $${values.push(`${run} `)}`)
  return ` and (${ranges.join(' or ')}) and run = any($${values.push(runs)})`
}

/** What of the fold a filter keeps: a run's own rows, an agent's, a task's. */
function rowConditions(filter: Filter | undefined, values: unknown[], fields: readonly RowField[]): string {
  let sql = ''
  for (const field of fields) {
    const wanted = filter?.[field]
    if (wanted === undefined || wanted.length === 0) continue
    sql += field === 'run' ? runConditions(wanted, values) : ` and ${field} = any($${values.push(wanted)})`
  }
  return sql
}

const isNamed = (wanted: readonly string[] | undefined): boolean => wanted !== undefined && wanted.length > 0

const toCallRow = ({ partition, key, position, row }: ClosedCall): TableRow<'calls'> => ({ table: 'calls', partition, key, position, row })

/** As `rowConditions`, of a call. */
const keeps = (filter: Filter | undefined, call: CallRow): boolean =>
  (['run', 'agent', 'task'] as const).every((field) => !isNamed(filter?.[field]) || filter?.[field]?.includes(call[field] ?? '') === true)

/** Primary key: what is of these runs begins with it. */
async function membersOf(client: Pick<PoolClient, 'query'>, tenant: TenantId, runs: readonly string[]): Promise<Members> {
  const values: unknown[] = [tenant]
  const { rows } = await client.query<{ partition: number; body: RunRow | EdgeRow }>(
    `select partition, body from projections where tenant = $1 and tbl in ('runs', 'edges')${runConditions(runs, values)}`,
    values,
  )
  return { agents: new Set(rows.flatMap(({ body }) => takesPart(body))), partitions: new Set(rows.map(({ partition }) => partition)) }
}

/** Positions whose rows one page looks for: the index (BRIN) finds blocks of them, of all partitions, and they are sorted. */
const mostChangedScanned = 2_000
/** Positions looked at for one answer, however few of them match. */
const mostScanned = 20_000
/** A call, a task, a run, an edge, and four agents: its own, the call's before, and the two of the edge. One more, so that a full page ends past it. */
const mostRowsOfAnEvent = 9
const mostClosedCalls = 2_000
/** Positions for each row that is looked for among the newest, and how many times more where too few were there. */
const firstReach = 4
const nextReach = 8
const openTaskStates = taskStates
  .filter((state) => !isTerminal(state))
  .map((state) => `'${state}'`)
  .join()

/** Of a table and partition. A run's own are what somebody asked for, and of one partition nearly always. */
export const mostRowsOf = (stateRows: number, isOfRun: boolean): number => (isOfRun ? 5 * stateRows : stateRows)

/** From the head backwards: the index of positions (BRIN) finds what is new without a look at what is old. */
async function newest(head: number, most: number, readAfter: (position: number) => Promise<TextRow[]>): Promise<TextRow[]> {
  for (let reach = firstReach * most; ; reach *= nextReach) {
    const rows = await readAfter(head - reach)
    if (rows.length >= most || reach >= head) return rows
  }
}

/** For who asks for more it is as when the store is away: it comes back. */
const standsFor = (partition: number, folded: number) =>
  Object.assign(new Error(`The rows of partition ${partition} stand for ${folded} yet; they follow soon.`), { code: 'ECONNRESET' })

export function createLogReader(
  pool: Pool,
  meta: { readonly epoch: string; readonly partitions: number },
  projections: Pick<Projections, 'caughtUp'>,
  stateRows = settings.stateRows.default,
): LogReader {
  /** `folded`: what the projections stand for. */
  async function headsOf(client: Pick<PoolClient, 'query'>, column: 'position' | 'folded'): Promise<Heads> {
    const { rows } = await client.query<{ position: string }>(`select ${column} as position from heads order by partition`)
    return { epoch: meta.epoch, positions: rows.map((row) => Number(row.position)) }
  }

  /** What the partition's rows stand for; `wanted` of it, if this process can bring them there. */
  async function foldedTo(partition: number, wanted: number): Promise<number> {
    const now = async () => (await headsOf(pool, 'folded')).positions[partition] ?? 0
    const folded = await now()
    if (folded >= wanted) return folded
    await projections.caughtUp()
    return now()
  }

  return {
    heads: () => headsOf(pool, 'position'),
    folded: () => headsOf(pool, 'folded'),

    async oldest() {
      const { rows } = await pool.query<{ oldest: string }>('select oldest from heads order by partition')
      return rows.map((row) => Number(row.oldest))
    },

    async readPartition({ tenant, partition, after, upTo, limit, filter }) {
      if (after >= upTo) return { events: [], scannedTo: after }
      // The ids' bounds of the commits in range prune the log's days; without them every day's position index is probed.
      const { rows: bounds } = await pool.query<{ last: string | null; min_id: string | null; max_id: string | null }>(
        `select max(last) as last, min(min_id) as min_id, max(max_id) as max_id from
           (select last, min_id::text, max_id::text from commits where partition = $1 and last > $2 and first <= $3 order by last limit 500) c`,
        [partition, after, upTo],
      )
      const bound = bounds[0]
      if (bound?.last == null) return { events: [], scannedTo: upTo }
      const reach = Math.min(upTo, Number(bound.last), after + Math.max(mostScanned, limit))
      const ids = bound.min_id === null || bound.max_id === null ? [] : [where('id', '>=', bound.min_id), where('id', '<=', bound.max_id)]
      const rows = await readRows(pool, {
        where: [
          ...[where('partition', '=', partition), where('position', '>', after), where('position', '<=', reach)],
          ...[...ids, where('tenant', '=', tenant), ...matching(filter)],
        ],
        order: ['position', 'asc'],
        limit,
      })
      const events = rows.map(toEvent)
      return { events, scannedTo: events.length < limit ? reach : (events.at(-1)?.position ?? reach) }
    },

    firstHole: (q) => firstHole(pool, q),

    async snapshot({ tenant, filter, endedTasks = false }) {
      await projections.caughtUp()
      const client = await pool.connect()
      try {
        await client.query('begin isolation level repeatable read read only')
        const heads = await headsOf(client, 'folded')
        const found: TextRow[][] = []
        const truncated: Table[] = []
        const rowsOf = async (table: Table, what: string, fields: readonly RowField[], newest = '', bound: readonly unknown[] = []) => {
          const values: unknown[] = [tenant, ...bound]
          const conditions = `tbl = '${table}'${what}${rowConditions(filter, values, fields)}`
          const sql = `select tbl, partition, key, position, body::text as json from projections where tenant = $1 and ${conditions}${newest}`
          const { rows } = await client.query<ProjectionText>(sql, values)
          return rows.map(({ tbl, position, ...row }): TextRow => ({ table: tbl, position: Number(position), ...row }))
        }
        const mostOfPartition = mostRowsOf(stateRows, isNamed(filter?.run))
        const most = mostOfPartition * meta.partitions
        const read = async (table: Table, what: string, fields: readonly RowField[], bound: readonly unknown[] = []) => {
          const rows = await rowsOf(table, what, fields, ` limit ${most + 1}`, bound)
          if (rows.length <= most) return void found.push(rows)
          truncated.push(table)
          for (const [partition, head] of heads.positions.entries()) {
            const after = (position: number) => `${what} and partition = ${partition} and position > ${position}`
            const changedLast = ` order by position desc limit ${mostOfPartition}`
            found.push(await newest(head, mostOfPartition, (position) => rowsOf(table, after(position), fields, changedLast, bound)))
          }
        }
        const all = ['run', 'agent', 'task'] as const
        // Primary key. An agent's row names only its newest run.
        if (filter?.run === undefined || filter.run.length === 0) await read('agents', '', ['agent', 'task'])
        else {
          const { agents } = await membersOf(client, tenant, filter.run)
          await read('agents', ' and (key = any($2) or run = any($3))', ['agent', 'task'], [[...agents], filter.run])
        }
        // The same edges and tasks as `asksForClosed` of live/filter.ts. Primary key; projections_open is a small table.
        await read('runs', '', all)
        if (isNamed(filter?.run)) await read('edges', '', all)
        // Primary key; projections_open_tasks where only the open ones are wanted.
        await read('tasks', endedTasks || isNamed(filter?.run) || isNamed(filter?.task) ? '' : ` and state in (${openTaskStates})`, all)
        await read('calls', ' and open', all)
        if (isNamed(filter?.run)) {
          // One that is a row and in a chunk closed again there.
          const closed = new Map<string, TextRow>()
          for (const row of await rowsOf('calls', ' and not open', all, ` order by sort desc limit ${mostClosedCalls}`))
            closed.set(row.key, row)
          for (const run of filter?.run ?? [])
            for (const { row, ...call } of await lastCallsOfRun(client, tenant, run, mostClosedCalls))
              if (keeps(filter, row)) closed.set(call.key, { table: 'calls', ...call })
          found.push([...closed.values()].sort((a, b) => b.position - a.position).slice(0, mostClosedCalls))
        }
        await client.query('commit')
        return { heads, rows: found.flat(), truncated }
      } catch (error) {
        await client.query('rollback').catch(() => undefined)
        throw error
      } finally {
        client.release()
      }
    },

    async members({ tenant, run }) {
      await projections.caughtUp()
      return membersOf(pool, tenant, run)
    },

    async agents({ tenant, ids, upTo }) {
      await projections.caughtUp()
      // Another server may have taken a partition, and have yet to write what was committed here.
      const { positions } = await headsOf(pool, 'folded')
      for (const [partition, folded] of positions.entries()) if (folded < (upTo[partition] ?? 0)) throw standsFor(partition, folded)
      const { rows } = await pool.query<ProjectionRow<'agents'>>(
        "select tbl, partition, key, position, body from projections where tenant = $1 and tbl = 'agents' and key = any($2)",
        [tenant, ids],
      )
      return rows.map(toTableRow)
    },

    async rowsChanged({ tenant, partition, after, upTo, filter, limit }) {
      const folded = await foldedTo(partition, upTo)
      if (folded <= after) throw standsFor(partition, folded)
      const reach = Math.min(upTo, folded, after + mostChangedScanned)
      // Rows of one position belong together: a page must have room for all that one event can change.
      const most = Math.max(limit, mostRowsOfAnEvent)
      const values: unknown[] = [partition, after, reach, tenant, most]
      const ofRuns = isNamed(filter?.run) ? ` and (run = any($${values.push(filter?.run)}) or tbl = 'agents')` : " and tbl <> 'edges'"
      const { rows } = await pool.query<ProjectionRow>(
        `select tbl, partition, key, position, body from projections where partition = $1 and position > $2 and position <= $3 and tenant = $4
         ${ofRuns}${rowConditions(filter, values, ['agent', 'task'])} order by position limit $5`,
        values,
      )
      const calls = await callsBetween(pool, partition, after, reach, { tenant, runs: isNamed(filter?.run) ? filter?.run : undefined })
      const closed = (await stillSo(pool, tenant, calls)).filter(({ row }) => keeps(filter, row)).map(toCallRow)
      const found = [...rows.map(toTableRow), ...closed].sort((a, b) => a.position - b.position).slice(0, most)
      const last = found.at(-1)?.position
      if (found.length < most || last === undefined) return { rows: found, scannedTo: reach }
      // The last position may be cut: it is left for the next page.
      const whole = found.filter((row) => row.position < last)
      return whole.length > 0 ? { rows: whole, scannedTo: last - 1 } : { rows: found, scannedTo: last }
    },
  }
}
