/**
 * A snapshot of the fold as one tenant sees it: what went on. What had ended is the most of a state and nearly never asked for, so a row of it
 * is read when somebody needs it (`state-standing.ts`). An older version's snapshot, a spread one, is read with all parts up to it, and of
 * its closed calls only hashes of their keys are held.
 */
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { type CallRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import { nextTurn } from '../turns.ts'
import type { StandingAt } from './state-standing.ts'

type Entry = readonly [TenantId, Table, string, RowOf[Table]]
export type HeldRows = { readonly [T in Table]: Map<string, RowOf[T]> }

/** Closed calls of one part of a snapshot. */
interface ClosedCalls {
  /** Of the part in `snapshots_kept`. */
  readonly position: number
  /** Hashes of their keys, sorted. */
  readonly hashes: Float64Array
}

export interface Base {
  readonly position: number
  readonly rows: HeldRows
  /** Of a spread snapshot. Newest first: a call that was closed twice is the newer one. */
  readonly closed: readonly ClosedCalls[]
  /** Agents and runs that have not changed since the snapshot; of any other table what had ended is not held. */
  readonly standing?: StandingAt
  /** Of a `MomentRecord`: of what had ended before nothing is held. */
  readonly recorded?: boolean
}

export const noRows = (): HeldRows => ({ agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() })

const decompress = promisify(zstdDecompress)
const linesPerTurn = 5_000

/** 53 bits (cyrb53): of a million keys two are alike once in ten thousand times, and a row that is read is compared by its key. */
export function hashOf(key: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < key.length; i += 1) {
    const code = key.charCodeAt(i)
    a = Math.imul(a ^ code, 2_654_435_761)
    b = Math.imul(b ^ code, 1_597_334_677)
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0)
}

export function holds(hashes: Float64Array, hash: number): boolean {
  let low = 0
  let high = hashes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((hashes[middle] ?? 0) < hash) low = middle + 1
    else high = middle
  }
  return hashes[low] === hash
}

/** A row a line; a snapshot of an older version is one line with all of them. */
function* linesOf(text: Buffer): Generator<Buffer> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(10, from)
    const to = end === -1 ? text.length : end
    if (to - from > 1) yield text.subarray(from, text[to - 1] === 44 ? to - 1 : to)
    from = to + 1
  }
}

const isWhole = (line: Buffer) => line[0] === 91 && line[1] === 91
/** As PostgreSQL writes an array: no text of a row can look like it, since quotes in texts are escaped. */
const startOf = (tenant: TenantId, table: Table) => Buffer.from(`[${JSON.stringify(tenant)}, "${table}", `)
/** A field of calls alone, present once the call ended. */
const outcome = Buffer.from('"outcome":')

/** The key that begins there, a JSON text. */
function keyIn(line: Buffer, from: number): string {
  let end = from + 1
  for (; line[end] !== 34; end += 1) if (line[end] === 92) end += 1
  return JSON.parse(line.toString('utf8', from, end + 1)) as string
}

interface Part {
  readonly rows: HeldRows
  readonly hashes: Float64Array
}

async function partOf(state: Buffer, tenant: TenantId): Promise<Part> {
  const text = await decompress(state)
  const rows = noRows()
  const hashes: number[] = []
  const add = (table: Table, key: string, row: RowOf[Table]) => {
    if (table === 'calls' && (row as CallRow).outcome !== undefined) hashes.push(hashOf(key))
    else (rows[table] as Map<string, RowOf[Table]>).set(key, row)
  }
  const starts = tables.map((table) => [table, startOf(tenant, table)] as const)
  let looked = 0
  for (const line of linesOf(text)) {
    looked += 1
    if (looked % linesPerTurn === 0) await nextTurn()
    if (isWhole(line)) {
      for (const [owner, table, key, row] of JSON.parse(String(line)) as Entry[]) if (owner === tenant) add(table, key, row)
      continue
    }
    const found = starts.find(([, start]) => line.subarray(0, start.length).equals(start))
    if (found === undefined) continue
    const [table, start] = found
    if (table === 'calls' && line.includes(outcome)) {
      hashes.push(hashOf(keyIn(line, start.length)))
      continue
    }
    const [, , key, row] = JSON.parse(String(line)) as Entry
    add(table, key, row)
  }
  return { rows, hashes: Float64Array.from(hashes).sort() }
}

export interface Snapshot {
  readonly position: number
  readonly spread: boolean
}

/** The newest at or before the position. Index: primary key of snapshots. */
export async function nearestSnapshot(pool: Pool, partition: number, upTo: number): Promise<Snapshot | undefined> {
  const { rows } = await pool.query<{ position: string; spread: boolean }>(
    'select position, spread from snapshots where partition = $1 and position <= $2 and fold = $3 order by position desc limit 1',
    [partition, upTo, FOLD_VERSION],
  )
  return rows[0] && { position: Number(rows[0].position), spread: rows[0].spread }
}

/** What is in the snapshot itself. Undefined when it left meanwhile. Index: primary key of snapshots. */
export async function readState(pool: Pool, tenant: TenantId, partition: number, position: number): Promise<HeldRows | undefined> {
  const { rows } = await pool.query<{ state: Buffer }>('select state from snapshots where partition = $1 and position = $2 and fold = $3', [
    partition,
    position,
    FOLD_VERSION,
  ])
  return rows[0] && (await partOf(rows[0].state, tenant)).rows
}

interface KeptPart {
  readonly position: number
  readonly state: Buffer
}

/** The first part after `after`, or the last up to `upTo`: one at a time, since each may be large. Index: primary key of snapshots_kept. */
async function partBetween(
  pool: Pool,
  partition: number,
  after: number,
  upTo: number,
  order: 'asc' | 'desc',
): Promise<KeptPart | undefined> {
  const { rows } = await pool.query<{ position: string; state: Buffer }>(
    `select position, state from snapshots_kept where partition = $1 and position > $2 and position <= $3 and fold = $4 order by position ${order} limit 1`,
    [partition, after, upTo, FOLD_VERSION],
  )
  return rows[0] && { position: Number(rows[0].position), state: rows[0].state }
}

/** Undefined when it left meanwhile. */
export async function readSpread(pool: Pool, tenant: TenantId, partition: number, position: number): Promise<Base | undefined> {
  const rows = noRows()
  const closed: ClosedCalls[] = []
  const put = (held: HeldRows) => {
    for (const table of tables)
      for (const [key, row] of held[table]) (rows[table] as Map<string, RowOf[Table]>).set(key, row as RowOf[Table])
  }
  for (let last = 0; ; ) {
    const found = await partBetween(pool, partition, last, position, 'asc')
    if (found === undefined) break
    last = found.position
    const part = await partOf(found.state, tenant)
    if (part.hashes.length > 0) {
      closed.unshift({ position: last, hashes: part.hashes })
      for (const key of rows.calls.keys()) if (holds(part.hashes, hashOf(key))) rows.calls.delete(key)
    }
    put(part.rows)
  }
  const own = await readState(pool, tenant, partition, position)
  if (own === undefined) return undefined
  put(own)
  return { position, rows, closed }
}

export interface SoughtKey {
  readonly table: Table
  readonly key: string
}

export type FoundRows = readonly (readonly [Table, string, RowOf[Table]])[]

/** Closed calls that a late event has changed since, as they were. Primary key of calls_replaced. */
async function readReplaced(
  pool: Pool,
  tenant: TenantId,
  partition: number,
  upTo: number,
  sought: readonly SoughtKey[],
): Promise<FoundRows> {
  const keys = sought.flatMap(({ table, key }) => (table === 'calls' ? [key] : []))
  if (keys.length === 0) return []
  const { rows } = await pool.query<{ key: string; json: string }>(
    'select key, body::text as json from calls_replaced where tenant = $1 and key = any($2) and partition = $3 and position <= $4 and until > $4',
    [tenant, keys, partition, upTo],
  )
  return rows.map(({ key, json }) => ['calls', key, JSON.parse(json) as CallRow])
}

/** Rows that had ended at the snapshot and are others now, as they were: replaced since, or in the newest part that has them. */
export async function readEnded(
  pool: Pool,
  tenant: TenantId,
  partition: number,
  upTo: number,
  keys: readonly SoughtKey[],
): Promise<FoundRows> {
  const found = [...(await readReplaced(pool, tenant, partition, upTo, keys))]
  const sought = new Set(keys.map(({ table, key }) => `${table} ${key}`))
  for (const [table, key] of found) sought.delete(`${table} ${key}`)
  for (let before = upTo; sought.size > 0; ) {
    const part = await partBetween(pool, partition, 0, before, 'desc')
    if (part === undefined) break
    before = part.position - 1
    const text = await decompress(part.state)
    const starts = tables.map((table) => [table, startOf(tenant, table)] as const)
    for (const line of linesOf(text)) {
      const entries = isWhole(line)
        ? (JSON.parse(String(line)) as Entry[]).filter(([owner]) => owner === tenant)
        : starts.flatMap(([table, start]) =>
            line.subarray(0, start.length).equals(start) && sought.has(`${table} ${keyIn(line, start.length)}`)
              ? [JSON.parse(String(line)) as Entry]
              : [],
          )
      for (const [, table, key, row] of entries) if (sought.delete(`${table} ${key}`)) found.push([table, key, row])
    }
  }
  return found
}

/** The closed calls of these keys that the base has; each part that may hold one is read once. Index: primary key of snapshots_kept. */
export async function readClosed(
  pool: Pool,
  tenant: TenantId,
  partition: number,
  base: Base,
  keys: Iterable<string>,
): Promise<Map<string, CallRow>> {
  const found = new Map<string, CallRow>()
  const hashes = new Map(Array.from(keys, (key) => [key, hashOf(key)]))
  for (const part of base.closed) {
    const wanted = [...hashes].filter(([key, hash]) => !found.has(key) && holds(part.hashes, hash)).map(([key]) => key)
    if (wanted.length === 0) continue
    const { rows } = await pool.query<{ state: Buffer }>(
      'select state from snapshots_kept where partition = $1 and position = $2 and fold = $3',
      [partition, part.position, FOLD_VERSION],
    )
    if (rows[0] === undefined) continue
    const text = await decompress(rows[0].state)
    const start = startOf(tenant, 'calls')
    if (isWhole(text.subarray(0, 2))) {
      for (const [owner, table, key, row] of JSON.parse(String(text)) as Entry[])
        if (owner === tenant && table === 'calls' && wanted.includes(key)) found.set(key, row as CallRow)
      continue
    }
    for (const key of wanted) {
      const at = text.indexOf(Buffer.concat([start, Buffer.from(`${JSON.stringify(key)}, `)]))
      if (at === -1) continue
      const end = text.indexOf(10, at)
      const line = text.subarray(at, text[end - 1] === 44 ? end - 1 : end)
      found.set(key, (JSON.parse(String(line)) as Entry)[3] as CallRow)
    }
  }
  return found
}
