/**
 * The one writer of a partition. Each batch is one transaction: log, rows folded from it, head, commit record.
 * Nothing in memory moves before COMMIT answered; after a failure the writer forgets all it held and reads it again.
 */
import type { EpochMs, Event, LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { applyEvent } from '@signalbox/model/fold/fold.ts'
import { callerKey, touchedKeys } from '@signalbox/model/fold/keys.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { RowKey } from '@signalbox/model/rows.ts'
import pg from 'pg'
import type { Logger } from 'pino'
import type { LogDays } from '../store/days.ts'
import {
  copyLine,
  findByIds,
  type Head,
  prepareCommits,
  type QuarantineRow,
  readAllRows,
  readCommit,
  readRows,
  takePartition,
  writeCommit,
  writeQuarantine,
} from '../store/log-write.ts'
import type { Quarantine } from '../store/quarantine.ts'
import { isOpenCall } from '../store/row-columns.ts'
import { decideRepeats, type Item, isFresh, judge, keyOf, quarantineRows, refuseAsFault, tellKept } from './batch.ts'
import { blamesData, isConflict, isFenced, lacksTable } from './blame.ts'
import { chainHash } from './chain.ts'
import type { Commit, CommittedRow } from './commit.ts'
import { createOverlay, createRowCache, type Overlay, type RowCache, trimTenants } from './row-cache.ts'

/** Another writer took the partition. What this one was committing was not stored. */
export class Fenced extends Error {}

export interface Writer {
  /** Commits what is fresh of `items` and decides all of them. */
  commit(items: readonly Item[], backfill: boolean): Promise<void>
  /** Last committed position known here. */
  readonly head: () => number
  /** Forgets everything and drops the connection, also in mid-commit; the next commit takes the partition anew. Resolves when the connection is closed. */
  reset(): Promise<void>
}

export interface WriterOptions {
  readonly partition: number
  readonly url: string
  readonly days: LogDays
  readonly quarantine: Quarantine
  readonly now: () => number
  readonly log: Logger
  readonly timeoutMs: number
  /**
   * Told of every commit that is durable, in order. After a COMMIT whose answer was lost, or one of another writer,
   * it is told of the newest commit only: who follows positions sees the gap and reads the rest from the store.
   */
  readonly onCommit: (commit: Commit) => void
}

/** Rows held, of all tenants and of one; about 1 KiB each. */
const cachedRows = 100_000
const cachedTenantRows = 50_000
/** Rows of a tenant read at once when it first writes; with more, rows are read as they are needed. */
const preloadedRows = 12_500
/** Another partition may keep inserting ids that we looked up as new; each round decides at least one of them. */
const mostConflictRounds = 10
const longestConnectMs = 5_000

interface Hold {
  readonly client: pg.Client
  head: Head
  /** By tenant, in order of last use. */
  readonly caches: Map<TenantId, RowCache>
}

export function createWriter({ partition, url, days, quarantine, now, log, timeoutMs, onCommit }: WriterOptions): Writer {
  let client: pg.Client | undefined
  let hold: Hold | undefined
  /** Duplicates came last time: they come in runs, and asking first is cheaper than a transaction rolled back. */
  let lookFirst = false
  let announced: number | undefined

  function announce(commit: Commit) {
    announced = commit.to
    onCommit(commit)
  }

  async function take(): Promise<Hold> {
    const mine = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: Math.min(longestConnectMs, timeoutMs),
      keepAlive: true,
      application_name: `signalbox sequencer ${partition}`,
    })
    client = mine
    mine.on('error', (error) => log.warn({ err: error, partition }, 'lost the database connection'))
    await mine.connect()
    await mine.query(
      `set synchronous_commit = on; set statement_timeout = ${timeoutMs}; set idle_in_transaction_session_timeout = ${timeoutMs}`,
    )
    await prepareCommits(mine, partition)
    const head = await takePartition(mine, partition)
    if (announced !== undefined && head.position > announced) {
      const newest = await readCommit(mine, partition, head.position)
      if (newest !== undefined && client === mine) announce(newest)
    }
    if (client !== mine) throw new Error('The writer was reset while it took its partition.')
    announced = head.position
    hold = { client: mine, head, caches: new Map() }
    return hold
  }

  async function cacheOf(held: Hold, tenant: TenantId): Promise<RowCache> {
    const known = held.caches.get(tenant)
    if (known !== undefined) {
      held.caches.delete(tenant)
      held.caches.set(tenant, known)
      return known
    }
    const { rows, complete } = await readAllRows(held.client, partition, tenant, preloadedRows)
    const cache = createRowCache(cachedTenantRows, complete)
    for (const { tbl, key, body } of rows) cache.set(tbl, key, body)
    held.caches.set(tenant, cache)
    return cache
  }

  /** Fetches the rows that folding needs and that may exist outside the cache. */
  async function warm(held: Hold, tenant: TenantId, events: readonly Event[]): Promise<void> {
    const cache = await cacheOf(held, tenant)
    if (cache.isComplete()) return
    await fetch(held, tenant, cache, events.flatMap(touchedKeys))
    // A call's row names the agent it was of, which its end by another takes it from.
    await fetch(
      held,
      tenant,
      cache,
      events.flatMap((event) => callerKey(event, cache) ?? []),
    )
  }

  async function fetch(held: Hold, tenant: TenantId, cache: RowCache, keys: readonly RowKey[]): Promise<void> {
    const missing = new Map<string, RowKey>()
    for (const wanted of keys)
      if (cache.get(wanted.table, wanted.key) === undefined) missing.set(`${wanted.table}\u0000${wanted.key}`, wanted)
    if (missing.size === 0) return
    for (const { tbl, key, body } of await readRows(held.client, partition, tenant, [...missing.values()])) cache.set(tbl, key, body)
  }

  async function warmAll(held: Hold, fresh: readonly Item[]): Promise<void> {
    const tenants = new Map<TenantId, Event[]>()
    for (const { event } of fresh) {
      const own = tenants.get(event.tenant)
      if (own === undefined) tenants.set(event.tenant, [event])
      else own.push(event)
    }
    for (const [tenant, own] of tenants) await warm(held, tenant, own)
  }

  /** Numbers and folds; an item that the fold cannot take is refused and leaves no trace in the rest. */
  function fold({ head, caches }: Hold, fresh: readonly Item[]) {
    let kept = fresh
    for (;;) {
      const overlays = new Map<TenantId, Overlay>()
      const events: LoggedEvent[] = []
      let isWhole = true
      for (const item of kept) {
        const event: LoggedEvent = { ...item.event, partition, position: head.position + events.length + 1, receivedAt: item.receivedAt }
        let overlay = overlays.get(event.tenant)
        if (overlay === undefined) {
          const cache = caches.get(event.tenant)
          if (cache === undefined) throw new Error(`No rows are held for tenant ${event.tenant}.`)
          overlay = createOverlay(cache)
          overlays.set(event.tenant, overlay)
        }
        overlay.position = event.position
        try {
          applyEvent(overlay, event)
          events.push(event)
        } catch (error) {
          log.error({ err: error, id: event.id }, 'the fold refused an event')
          refuseAsFault(item, error)
          isWhole = false
        }
      }
      if (isWhole) return { kept, events, overlays }
      kept = kept.filter(({ outcome }) => outcome === undefined)
    }
  }

  async function attempt(held: Hold, items: readonly Item[]): Promise<void> {
    const fresh = items.filter(isFresh)
    await warmAll(held, fresh)
    const folded = fold(held, fresh)
    decideRepeats(items)
    const at = now()
    const bad = quarantineRows(items, at)
    if (folded.events.length === 0 && bad.size === 0) return
    const kept = await quarantine.within(held.client, [...bad.values()], (admitted) =>
      folded.events.length === 0 ? writeQuarantine(held.client, admitted) : write(held, items, folded, admitted, at),
    )
    for (const [item, { id }] of bad) tellKept(item, kept.has(id))
  }

  async function write(held: Hold, items: readonly Item[], folded: ReturnType<typeof fold>, bad: readonly QuarantineRow[], at: EpochMs) {
    const { kept, events, overlays } = folded
    const { head } = held
    const rows: CommittedRow[] = []
    for (const [tenant, overlay] of overlays)
      for (const [table, key, row, position] of overlay.changed())
        rows.push({ tenant, table, key, row, position, was: held.caches.get(tenant)?.get(table, key) })
    let text = ''
    let minId = events[0]?.id ?? ''
    let maxId = minId
    for (const event of events) {
      text += copyLine(event)
      if (event.id < minId) minId = event.id
      if (event.id > maxId) maxId = event.id
    }
    const lines = Buffer.from(text)
    const first = head.position + 1
    const last = head.position + events.length
    const hash = chainHash(head.hash, lines)
    let duplicates = 0
    let refused = 0
    for (const { outcome } of items) {
      if (outcome?.kind === 'duplicate') duplicates += 1
      else if (outcome?.kind === 'refused') refused += 1
    }
    await writeCommit(held.client, {
      commit: { partition, fence: head.fence, first, last, at, duplicates, refused, minId, maxId, hash },
      lines,
      created: rows.filter(({ was }) => was === undefined),
      moved: rows.filter(({ was, table }) => was !== undefined && isOpenCall(table, was)),
      changed: rows.filter(({ was, table }) => was !== undefined && !isOpenCall(table, was)),
      quarantine: bad,
    })

    held.head = { position: last, fence: head.fence, hash }
    for (const { tenant, table, key, row } of rows) held.caches.get(tenant)?.set(table, key, row)
    trimTenants(held.caches, cachedRows)
    for (let i = 0; i < kept.length; i += 1) {
      const item = kept[i]
      if (item !== undefined) item.outcome = { kind: 'stored', position: first + i }
    }
    announce({ partition, from: first, to: last, at, events, rows })
  }

  /** Decides what is in the log already. False when nothing was. */
  async function decideKnown(held: Hold, items: readonly Item[]): Promise<boolean> {
    const fresh = items.filter(isFresh)
    if (fresh.length === 0) return false
    const found = new Map<string, Event>()
    const ids = fresh.map(({ event }) => event.id)
    for (const event of await findByIds(held.client, ids)) found.set(keyOf(event), event)
    for (const item of fresh) {
      const holder = found.get(keyOf(item.event))
      if (holder !== undefined) judge(item, holder)
    }
    return found.size > 0
  }

  async function settle(held: Hold, items: readonly Item[]): Promise<void> {
    for (let round = 0; ; round += 1) {
      if (round > 0 || lookFirst) lookFirst = await decideKnown(held, items)
      try {
        return await attempt(held, items)
      } catch (error) {
        if (isFenced(error)) throw new Fenced(`Partition ${partition} was taken by another writer.`)
        if (lacksTable(error)) {
          days.forget()
          throw error
        }
        if (isConflict(error) && round < mostConflictRounds) continue
        if (!blamesData(error)) throw error
        const fresh = items.filter(isFresh)
        if (fresh.length === 0) throw error
        const only = fresh.length === 1 ? fresh[0] : undefined
        if (only !== undefined) {
          log.error({ err: error, id: only.event.id }, 'the store refused an event')
          refuseAsFault(only, error)
          continue
        }
        // PostgreSQL does not name the event it refused: halves find it, and the rest is stored.
        const half = new Set(fresh.slice(0, fresh.length >>> 1))
        await settle(held, [...half])
        return settle(
          held,
          items.filter((item) => !half.has(item)),
        )
      }
    }
  }

  return {
    async commit(items, backfill) {
      const held = hold ?? (await take())
      const fresh = items.filter(isFresh)
      await days.ensure(
        fresh.map(({ event }) => idTime(event.id)),
        backfill,
      )
      if (hold !== held) throw new Error('The writer was reset before it could commit.')
      await settle(held, items)
    },
    head: () => hold?.head.position ?? announced ?? 0,
    async reset() {
      const mine = client
      client = undefined
      hold = undefined
      await mine?.end().catch(() => undefined)
    },
  }
}
