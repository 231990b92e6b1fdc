import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'

/** Four bytes in hex: what a cursor carries. */
export const newEpoch = (): string => randomBytes(4).toString('hex')

/** For a log that lost what readers may have seen: no cursor of before is gone on from. A server obeys from its next start. */
export async function beginEpoch(pool: Pick<Pool, 'query'>): Promise<string> {
  const epoch = newEpoch()
  const { rowCount } = await pool.query("update meta set epoch = $1, former_epochs = '{}'", [epoch])
  if (rowCount !== 1) throw new Error('The table meta is empty: no server has started on this database yet.')
  return epoch
}
