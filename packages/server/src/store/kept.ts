/**
 * What people keep beside the log. Of two changes of one thing the later one holds, of two of one millisecond the removal, then the greater
 * text: so the same changes come to the same state in whatever order they arrive, and a change that comes twice is one.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import { transaction } from './transaction.ts'

/** Things kept at most, of each kind for each tenant. */
export const mostKept = { view: 200, acknowledgement: 2_000 } as const
export type KeptKind = keyof typeof mostKept
/** Removed ones that are remembered at most, for each that may be kept. */
const removedForEach = 9
/** A removal is remembered for so long, and no older change is taken: it could undo one that is forgotten. */
export const changesWithinMs = 90 * 86_400_000

export interface Kept {
  readonly id: string
  readonly at: EpochMs
  /** JSON; null: removed. */
  readonly body: string | null
}
export interface Change extends Kept {
  readonly tenant: TenantId
  readonly kind: KeptKind
}

/** What is kept now of the change's thing; undefined when there is no room for it. */
export function change(pool: Pool, { tenant, kind, id, at, body }: Change): Promise<Kept | undefined> {
  return transaction(pool, async (client) => {
    // Counted and written by one at a time, or two would both take the last place.
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`kept ${kind} ${tenant}`])
    // Primary key.
    const { rows: counts } = await client.query<{ kept: number; rows: number }>(
      'select count(body)::int as kept, count(*)::int as rows from kept where tenant = $1 and kind = $2 and id <> $3',
      [tenant, kind, id],
    )
    const { kept = 0, rows: all = 0 } = counts[0] ?? {}
    const most = mostKept[kind]
    const hasRoom = (body === null || kept < most) && all < most * (1 + removedForEach)
    if (hasRoom)
      await client.query(
        `insert into kept (tenant, kind, id, at, body) values ($1, $2, $3, $4, $5)
        on conflict (tenant, kind, id) do update set at = excluded.at, body = excluded.body
        where (excluded.at, excluded.body is null, coalesce(excluded.body, '') collate "C") > (kept.at, kept.body is null, coalesce(kept.body, '') collate "C")`,
        [tenant, kind, id, at, body],
      )
    const { rows } = await client.query<{ at: string; body: string | null }>(
      'select at, body from kept where tenant = $1 and kind = $2 and id = $3',
      [tenant, kind, id],
    )
    return rows[0] === undefined || !hasRoom ? undefined : { id, at: Number(rows[0].at), body: rows[0].body }
  })
}

/** All that is kept. Primary key: at most ten rows for each that may be. */
export async function keptOf(pool: Pick<Pool, 'query'>, tenant: TenantId, kind: KeptKind): Promise<(Kept & { readonly body: string })[]> {
  const { rows } = await pool.query<{ id: string; at: string; body: string }>(
    'select id, at, body from kept where tenant = $1 and kind = $2 and body is not null order by id',
    [tenant, kind],
  )
  return rows.map(({ id, at, body }) => ({ id, at: Number(at), body }))
}

/** Index: kept_removed. Answers how many removals are forgotten. */
export async function forgetRemoved(pool: Pick<Pool, 'query'>, now: EpochMs): Promise<number> {
  const { rowCount } = await pool.query('delete from kept where body is null and at < $1', [now - changesWithinMs])
  return rowCount ?? 0
}
