/** The audit chain: each commit's hash covers its events as stored and the hash before it, so no stored event changes unseen. */
import { createHash } from 'node:crypto'
import { idTime } from '@signalbox/model/ids.ts'
import type { Pool } from 'pg'
import { copyLine, toText } from '../store/log-row.ts'
import { readRows, where } from '../store/log-rows.ts'

export const chainHash = (before: Buffer, lines: Buffer): Buffer => createHash('sha256').update(before).update(lines).digest()

export interface ChainCheck {
  /** Commits whose hash was computed again. */
  readonly verified: number
  /** Commits of which the retention dropped events: their hashes cannot be computed again. */
  readonly dropped: number
  /** Positions of the first commit that is not what was committed. */
  readonly broken?: { readonly first: number; readonly last: number } | undefined
}

interface CommitRecord {
  readonly first: number
  readonly last: number
  readonly minId: string
  readonly maxId: string
  readonly hash: Buffer
}

const pageCommits = 500
/** Events of one read: several small commits, or one large one. */
const pageEvents = 2_000

/**
 * Walks a partition's commits from the first that is kept to the head as it is now; reads every event once, in bounded pages, each a
 * statement of its own: neither writers nor the retention wait for it. Stops at the first commit that does not hold.
 */
export async function verifyChain(
  pool: Pick<Pool, 'query'>,
  partition: number,
  onPage: (at: number, of: number) => void = () => {},
): Promise<ChainCheck> {
  const { rows: heads } = await pool.query<{ position: string; hash: Buffer }>('select position, hash from heads where partition = $1', [
    partition,
  ])
  const head = { position: Number(heads[0]?.position ?? 0), hash: heads[0]?.hash ?? Buffer.alloc(0) }
  let before: Buffer = Buffer.alloc(0)
  let at = 0
  let verified = 0
  let dropped = 0
  while (at < head.position) {
    const commits = await readCommits(pool, partition, at, head.position)
    if (commits.length === 0) return { verified, dropped, broken: { first: at + 1, last: head.position } }
    for (const group of groups(commits)) {
      const kept = await readLines(pool, partition, group)
      for (const { first, last, minId, maxId, hash } of group) {
        const lines: string[] = []
        for (let next = kept[0]; next !== undefined && next.position <= last; next = kept[0]) {
          lines.push(next.line)
          kept.shift()
        }
        if (first !== at + 1) {
          // The retention forgets commits that are wholly gone, from the first on: the one it left is of events that are gone too.
          if (first <= at || first >= (await oldestOf(pool, partition)))
            return { verified, dropped, broken: { first: Math.min(at + 1, first), last: Math.max(first - 1, at + 1) } }
          dropped += 1
        } else if (lines.length === last - first + 1) {
          if (!chainHash(before, Buffer.from(lines.join(''))).equals(hash)) return { verified, dropped, broken: { first, last } }
          verified += 1
        } else if (await mayBeDropped(pool, partition, { first, last, minId, maxId })) dropped += 1
        else return { verified, dropped, broken: { first, last } }
        before = hash
        at = last
      }
      onPage(at, head.position)
    }
  }
  return before.equals(head.hash) ? { verified, dropped } : { verified, dropped, broken: { first: at, last: at } }
}

/** Index: primary key of commits. */
async function readCommits(pool: Pick<Pool, 'query'>, partition: number, after: number, upTo: number): Promise<CommitRecord[]> {
  const { rows } = await pool.query<{ first: string; last: string; min_id: string; max_id: string; hash: Buffer }>(
    'select first, last, min_id, max_id, hash from commits where partition = $1 and last > $2 and last <= $3 order by last limit $4',
    [partition, after, upTo, pageCommits],
  )
  return rows.map(({ first, last, min_id, max_id, hash }) => ({
    first: Number(first),
    last: Number(last),
    minId: min_id,
    maxId: max_id,
    hash,
  }))
}

function* groups(commits: readonly CommitRecord[]): Generator<readonly CommitRecord[]> {
  let group: CommitRecord[] = []
  for (const commit of commits) {
    if (commit.last - (group[0]?.first ?? commit.first) >= pageEvents) {
      yield group
      group = []
    }
    group.push(commit)
  }
  yield group
}

/** Index: log_position of the days that the ids belong to. */
async function readLines(pool: Pick<Pool, 'query'>, partition: number, group: readonly CommitRecord[]) {
  const ids = group.flatMap(({ minId, maxId }) => [minId, maxId]).sort()
  const [first, last, minId, maxId] = [group[0]?.first, group.at(-1)?.last, ids[0], ids.at(-1)]
  if (first === undefined || last === undefined || minId === undefined || maxId === undefined) return []
  const rows = await readRows(pool, {
    where: [
      ...[where('partition', '=', partition), where('position', '>=', first), where('position', '<=', last)],
      ...[where('id', '>=', minId), where('id', '<=', maxId)],
    ],
    order: ['position', 'asc'],
  })
  return rows.map((row) => {
    const event = toText(row)
    return { position: event.position, line: copyLine(event) }
  })
}

async function oldestOf(pool: Pick<Pool, 'query'>, partition: number): Promise<number> {
  const { rows } = await pool.query<{ oldest: string }>('select oldest from heads where partition = $1', [partition])
  return Number(rows[0]?.oldest ?? 1)
}

/**
 * Whether the retention dropped a table that may have had events of this commit. Which of its times had none is not known: of a
 * commit over several days, one deleted by hand is taken for dropped when a day among them left. Index: primary key of log_dropped.
 */
async function mayBeDropped(
  pool: Pick<Pool, 'query'>,
  partition: number,
  { first, last, minId, maxId }: Omit<CommitRecord, 'hash'>,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    'select from log_dropped where partition = $1 and last >= $2 and first <= $3 and to_ms > $4 and from_ms <= $5 limit 1',
    [partition, first, last, idTime(minId), idTime(maxId)],
  )
  return rowCount !== 0
}
