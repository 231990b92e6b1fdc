/**
 * Snapshots of the fold, so that a past moment is a short fold away: what the projections are at a head, kept with its position.
 * Read a page at a time and compressed as it comes, so that a large state neither fills the memory nor holds up the process.
 */
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { Pool, PoolClient } from 'pg'
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
const pageRows = 500
/** A larger state is not kept: reading it back would take more memory than folding from further back takes time. */
const mostChars = 256 * 1024 * 1024

class TooLarge extends Error {}

/** `[[tenant, table, key, row], …]` as JSON text, rows as they are stored. */
async function* stateText(client: PoolClient, partition: number, count: (rows: number) => void): AsyncGenerator<string> {
  await client.query({
    text: 'declare state no scroll cursor for select tenant, tbl, key, body::text as body from projections where partition = $1',
    values: [partition],
  })
  let separator = '['
  let chars = 0
  for (;;) {
    const { rows } = await client.query<{ tenant: TenantId; tbl: string; key: string; body: string }>(`fetch ${pageRows} from state`)
    let text = ''
    for (const { tenant, tbl, key, body } of rows) {
      text += `${separator}[${JSON.stringify(tenant)},"${tbl}",${JSON.stringify(key)},${body}]`
      separator = ','
    }
    count(rows.length)
    chars += text.length
    if (chars > mostChars) throw new TooLarge()
    yield text
    if (rows.length < pageRows) break
  }
  yield separator === '[' ? '[]' : ']'
}

/** Answers how many rows it holds. All reads see one moment: what the projections are at the head they are read with. */
async function take(pool: Pool, partition: number): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read')
    const { rows: heads } = await client.query<{ position: string; at: string }>(
      'select h.position, coalesce((select at from commits c where c.partition = h.partition and c.last = h.position), 0) as at from heads h where h.partition = $1',
      [partition],
    )
    let held = 0
    const compressed: Buffer[] = []
    await pipeline(
      stateText(client, partition, (rows) => {
        held += rows
      }),
      createZstdCompress(),
      async (chunks) => {
        for await (const chunk of chunks) compressed.push(chunk as Buffer)
      },
    )
    await client.query('insert into snapshots (partition, position, at, fold, state) values ($1, $2, $3, $4, $5) on conflict do nothing', [
      partition,
      heads[0]?.position,
      heads[0]?.at,
      FOLD_VERSION,
      Buffer.concat(compressed),
    ])
    // Another fold's snapshots are of no use to this one, nor are those past the bound.
    await client.query(
      `delete from snapshots where partition = $1 and (fold <> $3
         or position <= (select position from snapshots where partition = $1 and fold = $3 order by position desc offset $2 limit 1))`,
      [partition, keptPerPartition, FOLD_VERSION],
    )
    await client.query('commit')
    return held
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

export interface Snapshots {
  /** Resolves when every snapshot that is due is taken. */
  settled(): Promise<void>
  /** Ends the one that is being taken; those that wait are left for another time. */
  stop(): Promise<void>
}

export function startSnapshots({ pool, partitions, heads, bus, config, log }: SnapshotsOptions): Snapshots {
  const last = new Array<number>(partitions).fill(Number.POSITIVE_INFINITY)
  const heldRows = new Array<number>(partitions).fill(0)
  const waiting = new Set<number>()
  /** One at a time: a snapshot is never urgent. */
  let taking = Promise.resolve()
  let stopped = false
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

  async function takeOne(partition: number, head: number): Promise<void> {
    waiting.delete(partition)
    if (stopped) return
    last[partition] = head
    try {
      heldRows[partition] = await take(pool, partition)
    } catch (error) {
      if (error instanceof TooLarge) {
        last[partition] = Number.POSITIVE_INFINITY
        log.warn({ partition }, 'the state is too large for a snapshot; time travel folds from the last one')
      } else log.warn({ err: error, partition }, 'a snapshot failed; the next one is tried later')
    }
  }

  function consider(head: number, partition: number) {
    const every = Math.max(config.snapshotEvery, eventsPerRow * (heldRows[partition] ?? 0))
    if (waiting.has(partition) || head - (last[partition] ?? 0) < every) return
    waiting.add(partition)
    taking = taking.then(() => takeOne(partition, head))
  }
  const unsubscribe = bus.subscribe(({ partition, to }) => consider(to, partition))
  return {
    async settled() {
      await ready
      await taking
    },
    async stop() {
      unsubscribe()
      stopped = true
      await ready
      await taking
    },
  }
}
