/** The audit chain: each commit's hash covers its events as stored and the hash before it, so no stored event changes unseen. */
import { createHash } from 'node:crypto'
import type { EpochMs } from '@signalbox/model/event.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { Pool } from 'pg'
import { copyLine } from '../store/log-write.ts'
import { type LogRow, logColumns, toEvent } from '../store/reader.ts'

export const chainHash = (before: Buffer, lines: Buffer): Buffer => createHash('sha256').update(before).update(lines).digest()

export interface ChainCheck {
  /** Commits whose hash was computed again. */
  readonly verified: number
  /** Commits whose events the retention dropped. */
  readonly dropped: number
  /** Positions of the first commit that is not what was committed. */
  readonly broken?: { readonly first: number; readonly last: number } | undefined
}

interface CommitRecord {
  first: string
  last: string
  min_id: string
  max_id: string
  hash: Buffer
}

/** Walks a partition's commits from the first that is kept; reads every event once, one commit at a time. Stops at the first that does not hold. */
export async function verifyChain(pool: Pick<Pool, 'query'>, partition: number, retainedFrom: EpochMs): Promise<ChainCheck> {
  const { rows: heads } = await pool.query<{ position: string; oldest: string; hash: Buffer }>(
    'select position, oldest, hash from heads where partition = $1',
    [partition],
  )
  const { position = 0, oldest = 1, hash: headHash = Buffer.alloc(0) } = heads[0] ?? {}
  let before: Buffer = Buffer.alloc(0)
  let at = 0
  let verified = 0
  let dropped = 0
  while (at < Number(position)) {
    const { rows: commits } = await pool.query<CommitRecord>(
      'select first, last, min_id, max_id, hash from commits where partition = $1 and last > $2 and last <= $3 order by last limit 500',
      [partition, at, position],
    )
    for (const { first, last, min_id, max_id, hash } of commits) {
      const range = { first: Number(first), last: Number(last) }
      if (at === 0 && range.first > 1 && range.last < Number(oldest)) {
        // Retention forgot the commits before; this one is the chain's first link that is left.
        dropped += 1
        before = hash
        at = range.last
        continue
      }
      if (range.first !== at + 1) return { verified, dropped, broken: { first: at + 1, last: range.first - 1 } }
      const { rows } = await pool.query<LogRow>(
        `select ${logColumns} from log where partition = $1 and position between $2 and $3 and id between $4 and $5 order by position`,
        [partition, first, last, min_id, max_id],
      )
      const whole = rows.length === range.last - range.first + 1
      if (whole) {
        if (!chainHash(before, Buffer.from(rows.map((row) => copyLine(toEvent(row))).join(''))).equals(hash))
          return { verified, dropped, broken: range }
        verified += 1
      } else if (idTime(min_id) < retainedFrom) dropped += 1
      else return { verified, dropped, broken: range }
      before = hash
      at = range.last
    }
    if (commits.length === 0) return { verified, dropped, broken: { first: at + 1, last: Number(position) } }
  }
  return before.equals(headHash) ? { verified, dropped } : { verified, dropped, broken: { first: at, last: at } }
}
