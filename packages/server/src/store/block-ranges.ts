/**
 * Keeps the block ranges of changed rows summed up: by them whoever asks what changed lately reads a few pages of all rows.
 *
 * A range that is not summed up may have anything, and is read. Vacuum sums up, once a minute where much is written; so it is asked for here.
 * A sum that was cut short, by a kill or by the end of a vacuum, leaves a placeholder that nothing ever replaces, and a scan takes each range
 * after one for unknown too (PostgreSQL 18.4; 83,000 of 156,000 pages, 385 ms instead of 8). Those are looked for and summed up anew.
 */
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import { type Clock, repeat } from '../clock.ts'
import { isLocked } from './sqlstate.ts'
import { transaction } from './transaction.ts'

export interface BlockRangesOptions {
  readonly pool: Pick<Pool, 'connect'>
  /** Tells of every commit: where nothing is written there is nothing to do. */
  readonly bus: { subscribe(listener: () => void): () => void }
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

const table = 'projections_kept'
const index = 'projections_kept_position'
/** As migration 0022 made the index. */
const rangePages = 16
const sumEveryMs = 5_000
const mendEveryMs = 3_600_000
/** Far less than `deadlock_timeout`, a second, after which PostgreSQL ends the vacuum that it waits for. */
const begin = "begin; set local lock_timeout = '100ms'; set local enable_seqscan = off; set local max_parallel_workers_per_gather = 0"
/** Each look may read the rest of the table. */
const mostMended = 100

interface PlanNode {
  readonly 'Lossy Heap Blocks'?: number
  readonly Plans?: readonly PlanNode[]
}

const sumUp = (client: PoolClient) => client.query(`select brin_summarize_new_values('${index}')`)

async function pagesOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ bytes: string; page: string }>(
    `select pg_relation_size('${table}') as bytes, current_setting('block_size') as page`,
  )
  return Number(rows[0]?.bytes) / Number(rows[0]?.page)
}

/** Pages that are read for a position that no row has. */
async function unknownPages(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
    `explain (analyze, timing off, costs off, format json) select from ${table} where position = 9223372036854775807`,
  )
  const pages = (node: PlanNode | undefined): number =>
    (node?.['Lossy Heap Blocks'] ?? 0) + (node?.Plans ?? []).reduce((sum, below) => sum + pages(below), 0)
  return pages(rows[0]?.['QUERY PLAN'][0].Plan)
}

/** Sums up what is new, and each range whose sum was cut short. Answers how many of these there were. Lock: vacuum of the table, while it lasts. */
export function mendRanges(pool: Pick<Pool, 'connect'>): Promise<number> {
  return transaction(
    pool,
    async (client) => {
      for (let mended = 0; ; mended += 1) {
        await sumUp(client)
        const before = await pagesOf(client)
        const unknown = await unknownPages(client)
        const after = await pagesOf(client)
        // What came meanwhile is not summed up either.
        if (unknown <= after - before + rangePages || mended === mostMended) return mended
        // From there on all are unknown, to an end that may have moved.
        const first = before - unknown
        for (let page = first - (first % rangePages); page <= after - unknown; page += rangePages)
          await client.query('select brin_desummarize_range($1, $2)', [index, page])
      }
    },
    begin,
  )
}

export function startBlockRanges({ pool, bus, clock, log }: BlockRangesOptions): { stop(): Promise<void> } {
  let isChanged = false
  let mendedAt: number | undefined
  const unsubscribe = bus.subscribe(() => {
    isChanged = true
  })

  async function keep(): Promise<void> {
    if (mendedAt === undefined || clock.monotonic() - mendedAt >= mendEveryMs) {
      const mended = await mendRanges(pool)
      mendedAt = clock.monotonic()
      if (mended > 0) log.warn({ ranges: mended }, 'block ranges of changed rows whose sum was cut short are summed up anew')
    } else if (isChanged) {
      isChanged = false
      await transaction(pool, sumUp, begin)
    }
  }

  const keeping = repeat(clock, sumEveryMs, async () => {
    try {
      await keep()
    } catch (error) {
      // A vacuum sums up too.
      if (!isLocked(error)) log.warn({ err: error }, 'block ranges of changed rows could not be summed up; trying again')
    }
    return 'again'
  })

  return {
    async stop() {
      unsubscribe()
      await keeping.stop()
    },
  }
}
