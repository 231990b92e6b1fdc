/** Where bad items wait for people. Bounded: past the bound an item is refused without being kept, and the count says so. */
import type { Pool } from 'pg'
import { type QuarantineRow, writeQuarantine } from './log-write.ts'

const usualMostRows = 100_000

export function createQuarantine(pool: Pick<Pool, 'query'>, mostRows = usualMostRows): (rows: readonly QuarantineRow[]) => Promise<number> {
  let held: number | undefined
  return async (rows) => {
    if (held === undefined) {
      const { rows: counted } = await pool.query<{ count: string }>('select count(*) from quarantine')
      // Another request may have counted meanwhile, and reserved its place.
      held ??= Number(counted[0]?.count ?? 0)
    }
    const kept = rows.slice(0, Math.max(0, mostRows - held))
    // Reserved before the write: requests at the same time would all find the same room.
    held += kept.length
    try {
      await writeQuarantine(pool, kept)
    } catch (error) {
      held -= kept.length
      throw error
    }
    return kept.length
  }
}
