/**
 * Reads of closed calls that are in chunks (call-chunk.ts). The rest of them, closed before there were any, are rows of projections as ever:
 * whoever wants all reads both, rows first, since a call goes from there to a chunk and never back. Of a call that is found twice the one of
 * the greater position is newer.
 */
import type { Partition, TenantId } from '@signalbox/model/event.ts'
import type { Client } from 'pg'
import { type CallVersion, hashOfKey, mostCalls, mostSpan, openCalls, runOfKey } from './call-chunk.ts'

type Queries = Pick<Client, 'query'>

export interface ClosedCall extends CallVersion {
  readonly partition: Partition
}

/** Of any tenant. */
export interface ChunkCall extends ClosedCall {
  readonly tenant: TenantId
}

interface ChunkRow {
  readonly partition: Partition
  readonly calls: Buffer
}

const opened = ({ partition, calls }: ChunkRow, isWanted?: (index: number) => boolean): ClosedCall[] =>
  openCalls(calls, isWanted).map((call) => ({ ...call, partition }))

/** The newest of each key. */
function newest(calls: Iterable<ClosedCall>): Map<string, ClosedCall> {
  const found = new Map<string, ClosedCall>()
  for (const call of calls) if ((found.get(call.key)?.position ?? 0) < call.position) found.set(call.key, call)
  return found
}

/** Of more keys of one run hashes are looked up in a table of them: `&&` compares each with each. */
export const mostHashes = 64
/** Whose hashes are read at once. */
const chunksOfPage = 200

interface Within {
  readonly partition?: Partition | undefined
  /** Chunks that begin by then. */
  readonly upTo?: number | undefined
}

/** As conditions of a statement, whose values they are put behind. */
function conditionsOf({ partition, upTo }: Within, values: unknown[]): string {
  let conditions = ''
  if (partition !== undefined) conditions += ` and partition = $${values.push(partition)}`
  if (upTo !== undefined) conditions += ` and first <= $${values.push(upTo)}`
  return conditions
}

interface WithHashes extends ChunkRow {
  readonly hashes: readonly number[]
}

/** The newest of each of these keys, up to a position. Primary key of call_chunks, once a run. */
export async function callsByKey(
  client: Queries,
  tenant: TenantId,
  keys: readonly string[],
  within: Within = {},
): Promise<Map<string, ClosedCall>> {
  if (keys.length === 0) return new Map()
  const byRun = Map.groupBy(keys.map(hashOfKey), (_, i) => runOfKey(keys[i] ?? ''))
  const chunks: WithHashes[] = []
  for (const [run, own] of byRun) {
    if (own.length <= mostHashes) continue
    byRun.delete(run)
    const values: unknown[] = [tenant, run, own]
    const { rows } = await client.query<WithHashes>(
      `select partition, hashes, calls from call_chunks where tenant = $1 and run = $2${conditionsOf(within, values)}
       and exists (select from unnest(hashes) as hash where hash = any($3::int[]))`,
      values,
    )
    chunks.push(...rows)
  }
  if (byRun.size > 0) {
    const values: unknown[] = [tenant, [...byRun.keys()], Array.from(byRun.values(), (own) => `{${own.join()}}`)]
    const { rows } = await client.query<WithHashes>(
      `select c.partition, c.hashes, c.calls from unnest($2::text[], $3::text[]) as k (run, hashes), lateral (
         select partition, hashes, calls from call_chunks
         where tenant = $1 and run = k.run and hashes && k.hashes::int[]${conditionsOf(within, values)} offset 0) c`,
      values,
    )
    chunks.push(...rows)
  }
  const sought = new Set(keys)
  const wanted = new Set(keys.map(hashOfKey))
  const upTo = within.upTo ?? Number.POSITIVE_INFINITY
  return newest(
    chunks
      .flatMap((chunk) => opened(chunk, (index) => wanted.has(chunk.hashes[index] ?? 0)))
      .filter(({ key, position }) => position <= upTo && sought.has(key)),
  )
}

/** The hashes of a run's closed calls after a chunk, as text, some chunks a page; none is opened. Undefined as `next`: that was all. Primary key of call_chunks. */
export async function pageOfHashes(
  client: Queries,
  partition: Partition,
  tenant: TenantId,
  run: string,
  after: number,
): Promise<{ readonly hashes: readonly string[]; readonly next: number | undefined }> {
  // As one text a chunk: pg takes an array apart character by character.
  const { rows } = await client.query<{ readonly last: string; readonly hashes: string }>(
    `select last, array_to_string(hashes, ',') as hashes from call_chunks
     where tenant = $1 and run = $2 and last > $3 and partition = $4 order by last limit $5`,
    [tenant, run, after, partition, chunksOfPage],
  )
  return {
    hashes: rows.flatMap(({ hashes }) => hashes.split(',')),
    next: rows.length < chunksOfPage ? undefined : Number(rows.at(-1)?.last),
  }
}

/** Of a run's chunks in their order as many as have so many calls; each has one, so no more chunks are looked at. */
const someOf = (conditions: string, order: 'asc' | 'desc', most: string) => `select partition, calls from (
  select *, sum(count) over (order by last ${order} rows unbounded preceding) - count as before from (
    select partition, last, count, calls from call_chunks where ${conditions} order by last ${order} limit ${most}) c) c
  where before < ${most} order by last ${order}`

/** The newest of a run's, by when they closed, each once; about `most`. Primary key of call_chunks, from its end. */
export async function lastCallsOfRun(
  client: Queries,
  tenant: TenantId,
  run: string,
  most: number,
  within: Within = {},
): Promise<ClosedCall[]> {
  // Of the last chunk that begins by then all may have closed after it.
  const values: unknown[] = [tenant, run, within.upTo === undefined ? most : most + mostCalls]
  const conditions = conditionsOf(within, values)
  const { rows } = await client.query<ChunkRow>(someOf(`tenant = $1 and run = $2${conditions}`, 'desc', '$3'), values)
  const upTo = within.upTo ?? Number.POSITIVE_INFINITY
  return [...newest(rows.flatMap((chunk) => opened(chunk)).filter(({ position }) => position <= upTo)).values()]
}

/** A run's that closed after a position, as they closed; at least `most`, where there are as many. Primary key of call_chunks. */
export async function callsOfRunAfter(client: Queries, tenant: TenantId, run: string, after: number, most: number): Promise<ClosedCall[]> {
  const { rows } = await client.query<ChunkRow>(
    someOf('tenant = $1 and run = $2 and last > $3', 'asc', '$4'),
    // The first of them may have ended before.
    [tenant, run, after, most + mostCalls],
  )
  const calls = rows.flatMap((chunk) => opened(chunk)).filter(({ position }) => position > after)
  return calls.sort((a, b) => a.position - b.position)
}

/** Of one partition, between two positions, as they were there. Indexes: call_chunks_last, call_chunks_long. */
export async function callsBetween(
  client: Queries,
  partition: Partition,
  after: number,
  upTo: number,
  of: { readonly tenant?: TenantId; readonly runs?: readonly string[] | undefined } = {},
): Promise<ChunkCall[]> {
  if (after >= upTo) return []
  const values: unknown[] = [partition, after, upTo]
  let conditions = 'partition = $1'
  if (of.tenant !== undefined) conditions += ` and tenant = $${values.push(of.tenant)}`
  if (of.runs !== undefined) conditions += ` and run = any($${values.push(of.runs)})`
  const { rows } = await client.query<ChunkRow & { readonly tenant: TenantId }>(
    `select tenant, partition, calls from call_chunks
     where ${conditions} and last > $2::bigint and last < $3::bigint + ${mostSpan} and first <= $3::bigint and last - first < ${mostSpan}
     union all select tenant, partition, calls from call_chunks
     where ${conditions} and last - first > ${mostSpan - 1} and int8range(first, last, '[]') && int8range($2::bigint + 1, $3::bigint, '[]')`,
    values,
  )
  return rows
    .flatMap((chunk) => opened(chunk).map((call) => ({ ...call, tenant: chunk.tenant })))
    .filter(({ position }) => position > after && position <= upTo)
    .sort((a, b) => a.position - b.position)
}

/** Without those that closed again later than they are. Index: call_chunks_again, which is small. */
export async function stillSo<T extends Pick<ClosedCall, 'key' | 'position'>>(
  client: Queries,
  tenant: TenantId,
  calls: readonly T[],
): Promise<T[]> {
  if (calls.length === 0) return []
  const oldest = calls.reduce((least, { position }) => Math.min(least, position), Number.POSITIVE_INFINITY)
  const { rows } = await client.query<ChunkRow>(
    'select partition, calls from call_chunks where tenant = $1 and run = any($2) and last > $3 and again',
    [tenant, [...new Set(calls.map(({ key }) => runOfKey(key)))], oldest],
  )
  if (rows.length === 0) return [...calls]
  const later = newest(rows.flatMap((chunk) => opened(chunk)))
  return calls.filter(({ key, position }) => (later.get(key)?.position ?? 0) <= position)
}

/** Where a reader of all calls of a partition has come to: the last chunk of a page. */
export interface ChunkPlace {
  readonly tenant: TenantId
  readonly run: string
  readonly last: number
}

/** In the order of the primary key of call_chunks, some chunks a page. Undefined as `next`: that was all. */
export async function pageOfCalls(
  client: Queries,
  partition: Partition,
  after: ChunkPlace | undefined,
  mostChunks: number,
): Promise<{ readonly calls: readonly ChunkCall[]; readonly next: ChunkPlace | undefined }> {
  const { rows } = await client.query<ChunkRow & { readonly tenant: TenantId; readonly run: string; readonly last: string }>(
    `select tenant, run, last, partition, calls from call_chunks where (tenant, run, last) > ($1, $2, $3) and partition = $4
     order by tenant, run, last limit $5`,
    [after?.tenant ?? '', after?.run ?? '', after?.last ?? 0, partition, mostChunks],
  )
  const end = rows.length < mostChunks ? undefined : rows.at(-1)
  return {
    calls: rows.flatMap((chunk) => opened(chunk).map((call) => ({ ...call, tenant: chunk.tenant }))),
    next: end && { tenant: end.tenant, run: end.run, last: Number(end.last) },
  }
}

/** Each once, as it is now; some at a time. */
export async function* everyCall(client: Queries, partition: Partition): AsyncGenerator<ChunkCall[]> {
  for (let after: ChunkPlace | undefined; ; ) {
    const { calls, next } = await pageOfCalls(client, partition, after, chunksOpened)
    const tenants = Map.groupBy(calls, ({ tenant }) => tenant)
    for (const [tenant, own] of tenants) yield await stillSo(client, tenant, own)
    if (next === undefined) return
    after = next
  }
}
const chunksOpened = 50

/** All of a tenant's in a partition, the newest of each last. Primary key of call_chunks. */
export async function callsOf(client: Queries, tenant: TenantId, partition: Partition): Promise<ClosedCall[]> {
  const { rows } = await client.query<ChunkRow>(
    'select partition, calls from call_chunks where tenant = $1 and partition = $2 order by run, last',
    [tenant, partition],
  )
  return rows.flatMap((chunk) => opened(chunk))
}

/** How many of a tenant's there are in a partition, those that closed again twice; at most about `most`. Primary key of call_chunks. */
export async function countCalls(client: Queries, tenant: TenantId, partition: Partition, most: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select coalesce(sum(count), 0)::int as count from (select count from call_chunks where tenant = $1 and partition = $2 limit $3) found',
    [tenant, partition, most],
  )
  return rows[0]?.count ?? 0
}
