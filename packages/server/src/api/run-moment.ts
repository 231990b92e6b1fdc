/** The rows of one run at a past moment, with its edges, its tasks and the newest of its closed calls; and one task, also one that had ended. */
import type { TenantId } from '@signalbox/model/event.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import { type CallRow, type EdgeRow, type RowOf, type Table, taskStates } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import { lastCallsOfRun } from '../store/calls-read.ts'
import type { Projections } from '../store/projections.ts'
import { runConditions } from '../store/reader.ts'
import { ofTable, type Wire } from './moment-wire.ts'
import type { MomentRecord } from './record.ts'
import { isLeftOut } from './recorded-stretch.ts'
import { type Endable, isOpen, type Layer, rowAt, rowsOf, textOf } from './state-layers.ts'
import type { PastStates } from './state-past.ts'

/** As of a state feed of the run. */
export const mostClosedCalls = 2_000
/** Calls of the run that changed since, looked at for what they were at the base. Of tasks, as of those that rest, all are. */
const mostChangedCalls = 20_000

interface Ended {
  readonly key: string
  readonly sort: number
  readonly json: string
}

export interface RunMomentOptions {
  readonly pool: Pool
  readonly projections: Pick<Projections, 'caughtUp'>
  readonly record: Pick<MomentRecord, 'changedSince'>
  readonly past: Pick<PastStates, 'ended'>
  /** Of ended tasks, and of edges, one more than these at most: whoever cuts them off says so. */
  readonly mostRows: number
}

const sortOf = (row: RowOf[Table]) => ('outcome' in row ? (row.startedAt ?? row.endedAt ?? 0) : 0)
const endedOf = (key: string, row: RowOf[Table]): Ended => ({ key, sort: sortOf(row), json: textOf(row) })
const newestOf = (calls: Iterable<Ended>): Wire[] =>
  [...calls]
    .sort((a, b) => b.sort - a.sort)
    .slice(0, mostClosedCalls)
    .map(({ key, json }): Wire => ['calls', key, json])

export function createRunMoments({ pool, projections, record, past, mostRows }: RunMomentOptions) {
  /**
   * What had ended and the layer does not have: what rests since before its snapshot, and what was another then. Of calls those that ended
   * after it too, and the newest alone. Without a run, of all.
   */
  async function restedOf(table: Endable, tenant: TenantId, run: string | undefined, layer: Layer, partition: number) {
    const { base } = layer
    const at = base.standing?.position ?? base.position
    const found = new Map<string, Ended>()
    if (at > 0) {
      for (const one of await rested(pool, mostRows, table, tenant, run, partition, at)) found.set(one.key, one)
      const changed = await changedKeys(pool, table, tenant, run, partition, at)
      const unknown = changed.filter((key) => rowAt(layer, table, key) === undefined).map((key) => ({ table, key }))
      for (const [, key, row] of await past.ended(tenant, partition, base, unknown)) found.set(key, endedOf(key, row))
    }
    for (const [key, row] of rowsOf(layer, table)) {
      if (table === 'tasks') found.delete(key)
      else if (row.run === run && (table === 'edges' || !isOpen(row as CallRow))) found.set(key, endedOf(key, row))
    }
    return found.values()
  }

  const closedCalls = async (tenant: TenantId, run: string, layer: Layer, partition: number) =>
    newestOf(await restedOf('calls', tenant, run, layer, partition))
  const endedTasks = async (tenant: TenantId, run: string | undefined, layer: Layer, partition: number) =>
    Array.from(await restedOf('tasks', tenant, run, layer, partition), ({ key, json }): Wire => ['tasks', key, json])
  const edges = async (tenant: TenantId, run: string, layer: Layer, partition: number) =>
    Array.from(await restedOf('edges', tenant, run, layer, partition), ({ key, json }): Wire => ['edges', key, json])

  const foldedEnded = async (...of: Parameters<typeof edges>): Promise<Wire[]> => [
    ...(await edges(...of)),
    ...(await endedTasks(...of)),
    ...(await closedCalls(...of)),
  ]

  /** What had ended, where of that nothing is held: what rests since before the moment, and what was another then. Undefined: no longer recorded. */
  async function ended(tenant: TenantId, run: string, layer: Layer, partition: number): Promise<Wire[] | undefined> {
    await projections.caughtUp()
    const upTo = layer.position
    const [calls, tasks, edges] = await Promise.all([
      rested(pool, mostRows, 'calls', tenant, run, partition, upTo),
      rested(pool, mostRows, 'tasks', tenant, run, partition, upTo),
      rested(pool, mostRows, 'edges', tenant, run, partition, upTo),
    ])
    const changed = record.changedSince(tenant, partition, upTo, run)
    if (changed === undefined) return undefined
    const closed = new Map(calls.map((call) => [call.key, call]))
    for (const [key, call] of changed.calls) closed.set(key, endedOf(key, call))
    for (const [key, call] of rowsOf(layer, 'calls'))
      if (call.run === run && !isOpen(call) && !isLeftOut(call)) closed.set(key, endedOf(key, call))
    const done = new Map(tasks.map((task) => [task.key, task.json]))
    for (const [key, task] of changed.tasks) done.set(key, textOf(task))
    // Those of the layer are told with the open ones.
    for (const [key, task] of rowsOf(layer, 'tasks')) if (task.run === run) done.delete(key)
    const given = new Map(edges.map((edge) => [edge.key, edge.json]))
    for (const [key, edge] of changed.edges) given.set(key, textOf(edge))
    for (const [key, edge] of rowsOf(layer, 'edges')) if (edge.run === run) given.set(key, textOf(edge))
    return [
      ...Array.from(given, ([key, json]): Wire => ['edges', key, json]),
      ...Array.from(done, ([key, json]): Wire => ['tasks', key, json]),
      ...newestOf(closed.values()),
    ]
  }

  return {
    /** Of a layer that was folded from snapshots and the log: the newest closed calls of the run, ended tasks that it does not have, all edges. */
    closedCalls,
    endedTasks,
    edges,
    /** By partition. Undefined: what was recorded is not any more; fold the moment again. */
    async rows(tenant: TenantId, run: string, layers: readonly Layer[]): Promise<Wire[][] | undefined> {
      const members = new Set<string>()
      const found: Wire[][] = []
      for (const [partition, layer] of layers.entries()) {
        const row = rowAt(layer, 'runs', run)
        const more = await (layer.base.recorded === true ? ended : foldedEnded)(tenant, run, layer, partition)
        if (more === undefined) return undefined
        for (const id of row === undefined ? [] : takesPart(row)) members.add(id)
        for (const [table, , json] of more) if (table === 'edges') for (const id of takesPart(JSON.parse(json) as EdgeRow)) members.add(id)
        found.push([
          ...(row === undefined ? [] : [['runs', run, textOf(row)] as const]),
          ...ofTable(layer, 'tasks', (task) => task.run === run),
          ...ofTable(layer, 'calls', (call) => call.run === run && isOpen(call)),
          ...more,
        ])
      }
      return layers.map((layer, partition) => [
        ...ofTable(layer, 'agents', (agent) => members.has(agent.id) || agent.run?.value === run),
        ...(found[partition] ?? []),
      ])
    },
    /** By partition, as above. */
    async task(tenant: TenantId, run: string | undefined, task: string, layers: readonly Layer[]): Promise<Wire[][] | undefined> {
      const key = rowKey.task(run, task)
      const found: Wire[][] = []
      for (const [partition, layer] of layers.entries()) {
        const row = rowAt(layer, 'tasks', key)
        let json = row === undefined || isLeftOut(row) ? undefined : textOf(row)
        if (json === undefined && layer.base.recorded === true) {
          await projections.caughtUp()
          json = await restedTask(pool, tenant, key, partition, layer.position)
          const changed = record.changedSince(tenant, partition, layer.position, run)
          if (changed === undefined) return undefined
          const was = changed.tasks.get(key)
          if (was !== undefined) json = textOf(was)
        } else if (row === undefined) {
          const [was] = await past.ended(tenant, partition, layer.base, [{ table: 'tasks', key }])
          if (was !== undefined) json = textOf(was[2])
        }
        found.push(json === undefined ? [] : [['tasks', key, json]])
      }
      return found
    },
  }
}

/** A task that has not changed since. Primary key. */
async function restedTask(pool: Pool, tenant: TenantId, key: string, partition: number, upTo: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ json: string }>(
    "select body::text as json from projections where tenant = $1 and tbl = 'tasks' and key = $2 and partition = $3 and position <= $4",
    [tenant, key, partition, upTo],
  )
  return rows[0]?.json
}

/**
 * Closed calls, the newest, or ended tasks or edges that have not changed since; of calls in chunks as they were then. Primary keys of
 * projections, where what is of the run begins with it, and of call_chunks.
 */
async function rested(
  pool: Pool,
  mostRows: number,
  table: Endable,
  tenant: TenantId,
  run: string | undefined,
  partition: number,
  upTo: number,
): Promise<Ended[]> {
  const values: unknown[] = [tenant, partition, upTo]
  const ofThese = `tbl = '${table}' and partition = $2 and position <= $3${ofRun(run, values)}`
  const what = {
    calls: () => `${ofThese} and not open order by sort desc limit ${mostClosedCalls}`,
    tasks: () => `${ofThese} and state = any($${values.push(endedStates)}) order by position desc limit ${mostRows + 1}`,
    edges: () => `${ofThese} order by position desc limit ${mostRows + 1}`,
  }[table]()
  const { rows } = await pool.query<{ key: string; sort: string | null; json: string }>(
    `select key, sort, body::text as json from projections where tenant = $1 and ${what}`,
    values,
  )
  const found = rows.map(({ key, sort, json }): Ended => ({ key, sort: Number(sort), json }))
  if (table !== 'calls' || run === undefined) return found
  const closed = await lastCallsOfRun(pool, tenant, run, mostClosedCalls, { partition, upTo })
  return [...found, ...closed.map(({ key, row, json }): Ended => ({ key, sort: sortOf(row), json }))]
}
const endedStates = taskStates.filter(isTerminal)

/** What changed after the base and may have been there. Primary key, as above. */
async function changedKeys(
  pool: Pool,
  table: Endable,
  tenant: TenantId,
  run: string | undefined,
  partition: number,
  after: number,
): Promise<string[]> {
  const values: unknown[] = [tenant, table, partition, after]
  const { rows } = await pool.query<{ key: string }>(
    `select key from projections where tenant = $1 and tbl = $2 and partition = $3 and position > $4 and (born is null or born <= $4)
     ${ofRun(run, values)} ${table === 'calls' ? `order by sort limit ${mostChangedCalls}` : ''}`,
    values,
  )
  return rows.map(({ key }) => key)
}

const ofRun = (run: string | undefined, values: unknown[]): string => (run === undefined ? '' : runConditions([run], values))
