/**
 * Where bad items wait for people, for as long as events are kept. Bounded, for the doors and the sequencers together: past the
 * bound an item is refused without being kept, and who asks is told how many were not.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import { type QuarantineRow, writeQuarantine } from './log-write.ts'

export interface Quarantine {
  /** Runs `write`, which commits the rows it is given: those not kept yet, as far as there is room. Answers the ids that are kept then. */
  within(client: Pick<Pool, 'query'>, rows: readonly QuarantineRow[], write: Write): Promise<ReadonlySet<string>>
  /** Keeps what there is room for; answers how many of the rows. */
  keep(rows: readonly QuarantineRow[]): Promise<number>
  /** Items of the tenant refused without being kept since this server started. */
  notKept(tenant: TenantId): number
  /** Deletes what is older than the retention; answers how many. */
  dropExpired(): Promise<number>
}

type Write = (rows: readonly QuarantineRow[]) => Promise<void>

export interface QuarantineOptions {
  readonly pool: Pick<Pool, 'query'>
  readonly mostRows: number
  readonly retentionMs: number
  readonly now: () => EpochMs
}

/** Rows deleted by one statement. */
const deletedAtOnce = 1_000

export function createQuarantine({ pool, mostRows, retentionMs, now }: QuarantineOptions): Quarantine {
  /** Rows written and reserved here since the start. */
  let written = 0
  let reserved = 0
  /**
   * Rows there are beside those written here. Counted anew each time that old ones were deleted, since a commit may be stored whose
   * answer was lost. A row written while they are counted may be counted twice, never not at all.
   */
  let others: number | undefined
  /** By tenant, of whom there are as many as the operator made keys for. */
  const lost = new Map<TenantId, number>()
  const lose = (rows: readonly QuarantineRow[]) => {
    for (const { tenant } of rows) lost.set(tenant, (lost.get(tenant) ?? 0) + 1)
  }

  /** Index: primary key. A sender's retry brings the same refusals: they take no second place. */
  async function keptOf(client: Pick<Pool, 'query'>, ids: readonly string[]): Promise<Set<string>> {
    const { rows } = await client.query<{ id: string }>('select id from quarantine where id = any($1::uuid[])', [ids])
    return new Set(rows.map(({ id }) => id))
  }

  const quarantine: Quarantine = {
    async within(client, rows, write) {
      const wanted = new Map(rows.map((row) => [row.id, row]))
      const kept = wanted.size === 0 ? new Set<string>() : await keptOf(client, [...wanted.keys()])
      if (others === undefined && wanted.size > 0) {
        const before = written
        const { rows: counted } = await client.query<{ count: string }>('select count(*) from quarantine')
        // Another one may have counted meanwhile.
        others ??= Number(counted[0]?.count ?? 0) - before
      }
      const room = Math.max(0, mostRows - (others ?? 0) - written - reserved)
      const admitted = [...wanted.values()].filter(({ id }) => !kept.has(id)).slice(0, room)
      // Reserved before the write: those at the same time would all find the same room.
      reserved += admitted.length
      try {
        await write(admitted)
        written += admitted.length
      } finally {
        reserved -= admitted.length
      }
      for (const { id } of admitted) kept.add(id)
      lose(rows.filter(({ id }) => !kept.has(id)))
      return kept
    },
    async keep(rows) {
      try {
        const kept = await quarantine.within(pool, rows, (admitted) => writeQuarantine(pool, admitted))
        return rows.filter(({ id }) => kept.has(id)).length
      } catch (error) {
        lose(rows)
        throw error
      }
    },
    notKept: (tenant) => lost.get(tenant) ?? 0,
    async dropExpired() {
      let deleted = 0
      for (let some = deletedAtOnce; some === deletedAtOnce; deleted += some) {
        // Index: quarantine_at.
        const { rowCount } = await pool.query(
          'delete from quarantine where id in (select id from quarantine where at < $1 order by at limit $2)',
          [now() - retentionMs, deletedAtOnce],
        )
        some = rowCount ?? 0
      }
      others = undefined
      return deleted
    },
  }
  return quarantine
}
