/** That a history is one the server could have made: nothing is missing, events pass the doors' checks, and rows are what the log folds to. */
import { deepStrictEqual } from 'node:assert'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { lastCallsOfRun } from '@signalbox/server/store/calls-read.ts'
import { toEvent } from '@signalbox/server/store/log-row.ts'
import { readRows, where } from '@signalbox/server/store/log-rows.ts'
import type { Pool } from 'pg'
import { tenant } from './fleet.ts'

const sampledRuns = 40
const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

/** Answers how many runs were compared; throws at the first thing that is not so. */
export async function verify(pool: Pool, events: number): Promise<number> {
  const { rows: counts } = await pool.query<{
    log: string
    commits: string
    heads: string
    folded: string
    counted: string
    checked: string
  }>(
    `select (select count(*) from log) + (select coalesce(sum(last - first + 1), 0) from log_chunks) as log, (select sum(stored) from commits) as commits, (select sum(position) from heads) as heads,
       (select sum(folded) from heads) as folded, (select sum(calls) from rollups where kind = 'type') as counted,
       (select sum(position) from checkpoints where consumer = 'producers') as checked`,
  )
  for (const [what, value] of Object.entries(counts[0] ?? {}))
    if (Number(value) !== events) throw new Error(`The history has ${value} events by ${what}, not ${events}.`)
  const { rows: runs } = await pool.query<{ key: string }>("select key from projections where tbl = 'runs' order by md5(key) limit $1", [
    sampledRuns,
  ])
  for (const { key } of runs) await verifyRun(pool, key)
  return runs.length
}

/** All rows but those of its agents, who work in other runs too. */
async function verifyRun(pool: Pool, run: string): Promise<void> {
  const lines = await readRows(pool, { where: [where('tenant', '=', tenant), where('run', '=', run)], order: ['position', 'asc'] })
  const folded = createRows()
  for (const event of lines.map(toEvent)) {
    const { partition: _p, position: _q, receivedAt: _r, ...sent } = JSON.parse(toWire(event)) as Record<string, unknown>
    const parsed = parseEvent(sent, tenant, limits, () => event.id)
    if (!parsed.ok) throw new Error(`Event ${event.id} would be refused: ${parsed.message}`)
    applyEvent(folded, event)
  }
  const { rows } = await pool.query<{ tbl: Table; key: string; body: RowOf[Table] }>(
    "select tbl, key, body from projections where tenant = $1 and run = $2 and tbl <> 'agents'",
    [tenant, run],
  )
  for (const { key, row } of await lastCallsOfRun(pool, tenant, run, Number.MAX_SAFE_INTEGER)) rows.push({ tbl: 'calls', key, body: row })
  const expected = [...folded.entries()].filter(([table]) => table !== 'agents')
  const sorted = (all: readonly (readonly [Table, string, unknown])[]) =>
    all.toSorted((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1))
  deepStrictEqual(
    sorted(rows.map(({ tbl, key, body }) => [tbl, key, body] as const)),
    sorted(expected.map(([table, key, row]) => [table, key, JSON.parse(JSON.stringify(row)) as unknown] as const)),
    `The rows of ${run} are not what its events fold to.`,
  )
}
