/** Snapshots of the fold, so that a past moment is a short fold away: what the projections are at a head, kept with its position. */
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { CommitBus } from '../sequencer/commit.ts'

export interface SnapshotsOptions {
  readonly pool: Pool
  readonly partitions: number
  readonly heads: () => Promise<{ readonly positions: readonly number[] }>
  readonly bus: CommitBus
  readonly config: { readonly snapshotEvery: number }
  readonly log: Logger
}

const keptPerPartition = 200
/** A snapshot reads every row, so the next one waits for this many events a row: its cost an event stays bounded as the state grows. */
const eventsPerRow = 4
const compress = promisify(zstdCompress)

/** Answers how many rows it holds. Reads the projections of one partition in one statement: they are the fold at the head they are read with. */
async function take(pool: Pool, partition: number): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read')
    const { rows: heads } = await client.query<{ position: string; at: string }>(
      'select h.position, coalesce((select at from commits c where c.partition = h.partition and c.last = h.position), 0) as at from heads h where h.partition = $1',
      [partition],
    )
    const { rows } = await client.query<{ tenant: TenantId; tbl: string; key: string; body: unknown }>(
      'select tenant, tbl, key, body from projections where partition = $1',
      [partition],
    )
    const state = await compress(JSON.stringify(rows.map(({ tenant, tbl, key, body }) => [tenant, tbl, key, body])))
    await client.query('insert into snapshots (partition, position, at, fold, state) values ($1, $2, $3, $4, $5) on conflict do nothing', [
      partition,
      heads[0]?.position,
      heads[0]?.at,
      FOLD_VERSION,
      state,
    ])
    await client.query(
      'delete from snapshots where partition = $1 and position <= (select position from snapshots where partition = $1 order by position desc offset $2 limit 1)',
      [partition, keptPerPartition],
    )
    await client.query('commit')
    return rows.length
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

export function startSnapshots({ pool, partitions, heads, bus, config, log }: SnapshotsOptions): { stop(): Promise<void> } {
  const last = new Array<number>(partitions).fill(Number.POSITIVE_INFINITY)
  const heldRows = new Array<number>(partitions).fill(0)
  const running = new Map<number, Promise<void>>()
  const ready = pool
    .query<{ partition: number; position: string }>(
      'select partition, max(position) as position from snapshots where fold = $1 group by partition',
      [FOLD_VERSION],
    )
    .then(async ({ rows }) => {
      last.fill(0)
      for (const { partition, position } of rows) last[partition] = Number(position)
      ;(await heads()).positions.forEach(consider)
    })
    .catch((error: unknown) => log.error({ err: error }, 'snapshots could not start; time travel folds from further back'))

  function consider(head: number, partition: number) {
    const every = Math.max(config.snapshotEvery, eventsPerRow * (heldRows[partition] ?? 0))
    if (running.has(partition) || head - (last[partition] ?? 0) < every) return
    last[partition] = head
    running.set(
      partition,
      take(pool, partition)
        .then((rows) => {
          heldRows[partition] = rows
        })
        .catch((error: unknown) => log.warn({ err: error, partition }, 'a snapshot failed; the next one is tried later'))
        .finally(() => running.delete(partition)),
    )
  }
  const unsubscribe = bus.subscribe(({ partition, to }) => consider(to, partition))
  return {
    async stop() {
      unsubscribe()
      await ready
      await Promise.all(running.values())
    },
  }
}
