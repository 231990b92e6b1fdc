/** Where bad items wait for people. Bounded: past the bound an item is refused without being kept, and the count says so. */
import type { Pool } from 'pg'
import { type QuarantineRow, writeQuarantine } from './log-write.ts'

const mostRows = 100_000

export function createQuarantine(pool: Pool): (rows: readonly QuarantineRow[]) => Promise<number> {
  let held: number | undefined
  return async (rows) => {
    if (held === undefined) {
      const { rows: counted } = await pool.query<{ count: string }>('select count(*) from quarantine')
      held = Number(counted[0]?.count ?? 0)
    }
    const kept = rows.slice(0, Math.max(0, mostRows - held))
    await writeQuarantine(pool, kept)
    held += kept.length
    return kept.length
  }
}
