/**
 * A snapshot of the fold as one tenant sees it, without its closed calls: those are the most of it and nearly never asked for, so of them
 * only hashes of their keys are held, and a row is read when an event of the log comes for it late.
 */
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { type CallRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'

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
  /** Newest first: a call that was closed twice is the newer one. */
  readonly closed: readonly ClosedCalls[]
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
    if (looked % linesPerTurn === 0) await new Promise((resume) => setImmediate(resume))
    if (isWhole(line)) {
      for (const [owner, table, key, row] of JSON.parse(String(line)) as Entry[]) if (owner === tenant) add(table, key, row)
      continue
    }
    const found = starts.find(([, start]) => line.subarray(0, start.length).equals(start))
    if (found === undefined) continue
    const [table, start] = found
    if (table === 'calls' && line.includes(outcome)) {
      let end = start.length + 1
      for (; line[end] !== 34; end += 1) if (line[end] === 92) end += 1
      hashes.push(hashOf(JSON.parse(line.toString('utf8', start.length, end + 1)) as string))
      continue
    }
    const [, , key, row] = JSON.parse(String(line)) as Entry
    add(table, key, row)
  }
  return { rows, hashes: Float64Array.from(hashes).sort() }
}

/** The newest snapshot at or before the position. Index: primary key of snapshots. */
export async function nearestSnapshot(pool: Pool, partition: number, upTo: number): Promise<number | undefined> {
  const { rows } = await pool.query<{ position: string }>(
    'select position from snapshots where partition = $1 and position <= $2 and fold = $3 order by position desc limit 1',
    [partition, upTo, FOLD_VERSION],
  )
  return rows[0] === undefined ? undefined : Number(rows[0].position)
}

/** Undefined when it left meanwhile. What rested comes oldest first, one at a time, since each part is large. Index: primary keys. */
export async function readBase(pool: Pool, tenant: TenantId, partition: number, position: number): Promise<Base | undefined> {
  const rows = noRows()
  const closed: ClosedCalls[] = []
  const put = (part: Part) => {
    for (const table of tables)
      for (const [key, row] of part.rows[table]) (rows[table] as Map<string, RowOf[Table]>).set(key, row as RowOf[Table])
  }
  for (let last = 0; ; ) {
    const { rows: found } = await pool.query<{ position: string; state: Buffer }>(
      'select position, state from snapshots_kept where partition = $1 and position > $2 and position <= $3 and fold = $4 order by position limit 1',
      [partition, last, position, FOLD_VERSION],
    )
    if (found[0] === undefined) break
    last = Number(found[0].position)
    const part = await partOf(found[0].state, tenant)
    if (part.hashes.length > 0) {
      closed.unshift({ position: last, hashes: part.hashes })
      for (const key of rows.calls.keys()) if (holds(part.hashes, hashOf(key))) rows.calls.delete(key)
    }
    put(part)
  }
  const { rows: found } = await pool.query<{ state: Buffer }>(
    'select state from snapshots where partition = $1 and position = $2 and fold = $3',
    [partition, position, FOLD_VERSION],
  )
  if (found[0] === undefined) return undefined
  put(await partOf(found[0].state, tenant))
  return { position, rows, closed }
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
