/**
 * The rows of one partition: what its writer holds of them in memory, written behind the log.
 *
 * In: what batches changed, once they are committed. Out: the newest row of every key that changed, what that adds to the figures of
 * minutes, and the position that both stand for, in one transaction now and then (`writeEveryMs`). So what is stored is at every moment what the log folds to at some position, and
 * whoever takes the partition folds the rest again. A row that changes often is written once a while, and a commit waits for none.
 */
import type { LoggedText, Partition, TenantId } from '@signalbox/model/event.ts'
import type { RowKey, RowOf, Rows, Table } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import type { Clock } from '../clock.ts'
import { runOfKey } from '../store/call-chunk.ts'
import { pageOfHashes } from '../store/calls-read.ts'
import { createDueRollups } from '../store/due-rollups.ts'
import type { RowWrite } from '../store/row-columns.ts'
import { pageOfRowKeys, readAllRows, readRows, writeRows, writeRowsApart } from '../store/rows-write.ts'
import { blamesData } from '../store/sqlstate.ts'
import type { CommittedRow } from './commit.ts'
import { createDueRows, type DueRows } from './due-rows.ts'
import { createRowCache, type RowCache, trimTenants } from './row-cache.ts'

export interface PartitionRows {
  /**
   * What `fold` makes of the rows that it asks `of` for. A row that may be stored and is not in memory is fetched, and all is folded again:
   * nearly always everything is there, and nobody has to know before what a fold will ask for. One at a time.
   */
  folded<T>(fold: () => T): Promise<T>
  /** The newest committed rows, for a fold. */
  of(tenant: TenantId): Pick<Rows, 'get'>
  /** A batch is committed: its rows are held from now on, and due to be written, with what it adds to the figures of minutes. */
  keep(rows: readonly CommittedRow[], upTo: number, events: readonly LoggedText[]): void
  /** Waits until rows that are due are few enough for another batch. */
  room(): Promise<void>
  /** Resolves when all that was kept before the call is written. */
  write(): Promise<void>
  /** True while something that was kept is not written. */
  isBehind(): boolean
  /** Writes nothing by itself any more, and does not tell of what fails. */
  stop(): void
}

export interface PartitionRowsOptions {
  readonly partition: Partition
  readonly fence: number
  /** The position that the stored rows stand for. */
  readonly folded: number
  /** Both as `planByKey` and `prepareRows` leave them; apart, so that a commit waits for no write of rows. */
  readonly reads: Client
  readonly writes: Client
  readonly clock: Clock
  readonly onWritten: (count: number, seconds: number) => void
  /** A write failed: what is held is of no use any more. */
  readonly onFailure: (error: unknown) => void
  /** A row that the store cannot take, though the log took its event: a fault of ours. It costs no other row. */
  readonly onRefused: (row: RowWrite, cause: unknown) => void
  /** There is no room for what is known of the closed calls of a run that is used: each new one is looked up, which is slow. */
  readonly onTooLarge: (tenant: TenantId, run: string) => void
}

/** Rows held, of all tenants and of one; about 1 KiB each. */
const cachedRows = 50_000
const cachedTenantRows = 25_000
/** Keys of rows that are not held, but for closed calls, of all tenants: 16 million of one. Past it all rows that are not held are looked up before they are folded. */
const mostRememberedBytes = 64 * 1024 * 1024
/** What is known of closed calls of the runs that are used, of all tenants: 30 million of large ones. Past it those of the largest run are looked up. */
const mostKnownBytes = 128 * 1024 * 1024
/** Of that it makes room for at once, so that it is not sought for each run that begins. */
const shareForgotten = 1 / 64
/** A tenant with at most so many rows has them read when it first writes; with more, rows are read as they are needed. */
const preloadedRows = 12_500
/** Keys read at once where a tenant has more rows, and the share of the time that reading may last: a start does not wait for all that there is. */
const pageKeys = 2_000
const shareOfLearning = 0.5
/** A batch waits as long for what is learned of its runs; then its new calls are looked up, for which the hashes of all calls of their run are read each time. */
const learnWaitMs = 1_000
/** Rows of a busy agent or run change with every commit: written this often, they cost a tenth. What a kill leaves to fold again is as short. */
const writeEveryMs = 250
/** While writes take long they are this much rarer than that, and each row is written less often. */
const shareOfWrites = 0.2
const writeAtLeastEveryMs = 1_000
/** With as many a write does not wait: more would be held for long. 10,000 took as much processor time (measured). */
const manyDue = 3_000
/** More, and commits wait for a write. */
const mostDue = 20_000

const nothing: Pick<Rows, 'get'> = { get: () => undefined }

export function createPartitionRows(options: PartitionRowsOptions): PartitionRows {
  const { partition, fence, folded, reads, writes, clock, onWritten, onFailure, onRefused, onTooLarge } = options
  /** By tenant, in order of last use. What it holds of a key is the newest. */
  const caches = new Map<TenantId, RowCache>()
  /** What a fold asked for and did not get, by tenant; a tenant without rows of it has no cache yet. */
  const missing = new Map<TenantId, Map<string, RowKey>>()
  /** Rows that were fetched for a fold, found or not. */
  const sought = new Set<string>()
  let due = createDueRows()
  const rollups = createDueRollups()
  /** Being written. */
  let leaving: DueRows | undefined
  let kept = folded
  let written = folded
  let tail = Promise.resolve()
  let next: Promise<void> | undefined
  let isStopped = false
  let cancel: (() => void) | undefined
  let writeTookMs = 0

  const tell = (error: unknown) => {
    if (!isStopped) onFailure(error)
  }

  const mayRemember = (bytes: number) => {
    let sum = bytes
    for (const cache of caches.values()) sum += cache.rememberedBytes()
    return sum <= mostRememberedBytes
  }
  const newCache = (tenant: TenantId, complete: boolean) =>
    createRowCache({ mostRows: cachedTenantRows, complete, mayRemember, onTooLarge: (run) => onTooLarge(tenant, run) })

  async function openCache(tenant: TenantId): Promise<void> {
    const { rows, complete } = await readAllRows(reads, partition, tenant, preloadedRows)
    const cache = newCache(tenant, complete)
    for (const { tbl, key } of rows) if (tbl === 'runs') cache.calls.begin(key)
    for (const { tbl, key, body } of rows) cache.set(tbl, key, body)
    caches.set(tenant, cache)
    if (!complete) learnKeys(tenant, cache).catch(tell)
  }

  /** With its tenant or with the partition. */
  const isLetGo = (tenant: TenantId, cache: RowCache) => isStopped || caches.get(tenant) !== cache
  const pauseAfter = (ms: number) => new Promise<void>((resume) => clock.after(ms * (1 / shareOfLearning - 1), resume))

  /** Beside the commits, a page at a time. */
  async function learnKeys(tenant: TenantId, cache: RowCache): Promise<void> {
    for (let after: RowKey | undefined; !isLetGo(tenant, cache); ) {
      const startedAt = performance.now()
      const { keys, next } = await pageOfRowKeys(writes, partition, tenant, after, pageKeys)
      if (!keys.every(({ table, key }) => cache.remember(table, key))) return
      if (next === undefined) return cache.rememberedAll()
      after = next
      await pauseAfter(performance.now() - startedAt)
    }
  }

  /** What is not in the store yet is due. A page at a time, with pauses once nobody waits for it any more. */
  async function learnRun(tenant: TenantId, cache: RowCache, run: string): Promise<void> {
    const { calls } = cache
    calls.learn(run)
    for (const rows of [due, leaving]) for (const key of rows?.closedCalls(tenant, run) ?? []) calls.add(run, key)
    const beganAt = performance.now()
    for (let after = 0; calls.isLearning(run) && !isLetGo(tenant, cache); ) {
      const startedAt = performance.now()
      const { hashes, next } = await pageOfHashes(writes, partition, tenant, run, after)
      for (const hash of hashes) calls.addHash(run, hash)
      if (next === undefined) return calls.learned(run)
      after = next
      const endedAt = performance.now()
      if (endedAt - beganAt > learnWaitMs) await pauseAfter(endedAt - startedAt)
    }
  }

  /** Of the runs of these calls, of which nothing is known. False: there are none. */
  async function learnRuns(tenant: TenantId, cache: RowCache, keys: Iterable<RowKey>): Promise<boolean> {
    const runs = new Set<string>()
    for (const { table, key } of keys) if (table === 'calls' && cache.calls.isUnknown(runOfKey(key))) runs.add(runOfKey(key))
    if (runs.size === 0) return false
    const learning = Promise.all(Array.from(runs, (run) => learnRun(tenant, cache, run))).catch(tell)
    let cancelWait = () => {}
    const late = new Promise<void>((resume) => {
      cancelWait = clock.after(learnWaitMs, resume)
    })
    await Promise.race([learning, late])
    cancelWait()
    return true
  }

  /** Of tenants that wrote longest ago first. */
  function trimKnown(): void {
    let over = -mostKnownBytes
    for (const { calls } of caches.values()) over += calls.bytes
    if (over <= 0) return
    over += mostKnownBytes * shareForgotten
    for (const { calls } of caches.values()) if (over > 0) over -= calls.forget(over)
  }

  const missingOf = (tenant: TenantId): Map<string, RowKey> => {
    const held = missing.get(tenant) ?? new Map<string, RowKey>()
    missing.set(tenant, held)
    return held
  }

  /** It is not in the cache. One that is due may be written, and gone from there, before the fold is through: from here on the cache has it. */
  function lookFor<T extends Table>(tenant: TenantId, cache: RowCache, table: T, key: string): RowOf[T] | undefined {
    const row = due.get(tenant, table, key) ?? leaving?.get(tenant, table, key)
    if (row !== undefined) cache.set(table, key, row)
    else {
      const name = `${tenant}\u0000${table}\u0000${key}`
      if (!sought.has(name)) missingOf(tenant).set(name, { table, key })
    }
    return row
  }

  function rowsOf(tenant: TenantId): Pick<Rows, 'get'> {
    const cache = caches.get(tenant)
    if (cache === undefined) {
      missingOf(tenant)
      return nothing
    }
    caches.delete(tenant)
    caches.set(tenant, cache)
    return { get: (table, key) => cache.get(table, key) ?? (cache.mayExist(table, key) ? lookFor(tenant, cache, table, key) : undefined) }
  }

  async function fetchMissing(): Promise<void> {
    for (const [tenant, keys] of missing) {
      const cache = caches.get(tenant)
      if (cache === undefined) await openCache(tenant)
      // Most of them are new: once that is known, nothing is asked of the store for them.
      else if (!(await learnRuns(tenant, cache, keys.values()))) {
        for (const name of keys.keys()) sought.add(name)
        for (const { tbl, key, body } of await readRows(reads, partition, tenant, [...keys.values()])) cache.set(tbl, key, body)
      }
    }
    missing.clear()
  }

  async function writeDue(): Promise<void> {
    const upTo = kept
    if (upTo === written) return
    leaving = due
    due = createDueRows()
    const startedAt = performance.now()
    const write = { partition, fence, upTo, ...leaving.sorted(), rollups: rollups.take() }
    let refused = 0
    try {
      await writeRows(writes, write)
    } catch (error) {
      if (!blamesData(error)) throw error
      await writeRowsApart(writes, write, (row, cause) => {
        refused += 1
        onRefused(row, cause)
      })
    }
    writeTookMs = performance.now() - startedAt
    onWritten(leaving.size() - refused, writeTookMs / 1_000)
    leaving = undefined
    written = upTo
  }

  /** One after the other; all who ask while one is under way wait for the next, which is one. */
  function write(): Promise<void> {
    next ??= tail = tail.then(() => {
      next = undefined
      return writeDue()
    })
    return next
  }

  const storedOf = (tenant: TenantId, table: Table, key: string, was: RowOf[Table] | undefined) => leaving?.get(tenant, table, key) ?? was

  return {
    async folded(fold) {
      missing.clear()
      sought.clear()
      for (;;) {
        const made = fold()
        if (missing.size === 0) return made
        await fetchMissing()
      }
    },
    of: rowsOf,
    keep(rows, upTo, events) {
      rollups.add(rows, events)
      for (const changed of rows) {
        const { tenant, table, key, row, was } = changed
        due.put(changed, storedOf(tenant, table, key, was))
        const cache = caches.get(tenant)
        if (table === 'runs' && was === undefined) cache?.calls.begin(key)
        cache?.set(table, key, row)
      }
      kept = upTo
      // What is due or leaving is looked up beside a cache, never beside one that was read from the store meanwhile.
      trimTenants(caches, cachedRows, (tenant) => (due.has(tenant) || leaving?.has(tenant) === true ? newCache(tenant, false) : undefined))
      trimKnown()
      if (isStopped) return
      const writeNow = () => {
        cancel = undefined
        write().catch(tell)
      }
      if (due.size() >= manyDue && next === undefined) {
        cancel?.()
        writeNow()
      } else cancel ??= clock.after(Math.min(Math.max(writeEveryMs, writeTookMs / shareOfWrites), writeAtLeastEveryMs), writeNow)
    },
    async room() {
      if (due.size() >= mostDue) await write()
    },
    write,
    isBehind: () => kept !== written,
    stop() {
      isStopped = true
      cancel?.()
      cancel = undefined
    },
  }
}
