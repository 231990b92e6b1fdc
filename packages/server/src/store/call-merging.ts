/**
 * Merges chunks of closed calls that stand beside each other in their run: what was written a few calls at a time becomes what compresses.
 * A step is one transaction: whenever somebody looks, each call is in one chunk.
 */
import type { Pool } from 'pg'
import { sendBulk } from './bulk.ts'
import { type ChunkSize, copyCallChunks, mergedLine, neighbours, type WholeChunk } from './call-chunk.ts'
import { transaction } from './transaction.ts'

/** How far it has come in the order of the primary key. */
export type MergePlace = Pick<ChunkSize, 'tenant' | 'run' | 'last'>

/** Chunks looked at in one step. */
const stepChunks = 2_000

const numbers = <T extends { readonly first: string; readonly last: string }>(row: T) => ({
  ...row,
  first: Number(row.first),
  last: Number(row.last),
})

/**
 * One step: of a partition's chunks up to a position, those after `after`. Undefined: that was all.
 * Primary key of call_chunks.
 */
export function mergeSome(pool: Pool, partition: number, upTo: number, after: MergePlace | undefined): Promise<MergePlace | undefined> {
  return transaction(pool, async (client) => {
    // Of several servers one at a time.
    await client.query("select pg_advisory_xact_lock(hashtext('signalbox merged calls'))")
    const { rows } = await client.query<Omit<ChunkSize, 'first' | 'last'> & { readonly first: string; readonly last: string }>(
      `select partition, tenant, run, again, first, last, count, octet_length(calls) as bytes from call_chunks
       where (tenant, run, last) > ($1, $2, $3) and partition = $4 and last <= $5 order by tenant, run, last limit ${stepChunks}`,
      [after?.tenant ?? '', after?.run ?? '', after?.last ?? 0, partition, upTo],
    )
    const groups = neighbours(rows.map(numbers))
    const isCut = rows.length === stepChunks
    // Of the last group more may follow.
    if (isCut && groups.length > 1) groups.pop()
    let lines = ''
    for (const group of groups) {
      const [first] = group
      if (first === undefined || group.length === 1) continue
      const { rows: own } = await client.query<Omit<WholeChunk, 'first' | 'last'> & { readonly first: string; readonly last: string }>(
        'delete from call_chunks where tenant = $1 and run = $2 and last = any($3) and partition = $4 returning *',
        [first.tenant, first.run, group.map(({ last }) => last), partition],
      )
      if (own.length !== group.length) throw new Error(`${own.length} chunks of run ${first.run} are there where ${group.length} were.`)
      lines += mergedLine(own.map(numbers).sort((a, b) => a.last - b.last))
    }
    if (lines !== '') await sendBulk(client, copyCallChunks, [Buffer.from(lines)])
    return isCut ? groups.at(-1)?.at(-1) : undefined
  })
}
