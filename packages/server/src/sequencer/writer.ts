/**
 * The one writer of a partition. Each batch is one transaction: log, rows folded from it, head, commit record.
 * Nothing in memory moves before COMMIT answered; after a failure the writer forgets all it held and reads it again.
 */
import { createHash } from 'node:crypto'
import type { Event, LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { applyEvent } from '@signalbox/model/fold/fold.ts'
import { touchedKeys } from '@signalbox/model/fold/keys.ts'
import { idTime, uuidv7 } from '@signalbox/model/ids.ts'
import type { RowKey } from '@signalbox/model/rows.ts'
import { toWire } from '@signalbox/model/wire.ts'
import pg from 'pg'
import type { Logger } from 'pino'
import type { LogDays } from '../store/days.ts'
import {
  copyIntoLog,
  copyLine,
  findByIds,
  type Head,
  type QuarantineRow,
  readAllRows,
  readRows,
  takePartition,
  writeCommit,
  writeQuarantine,
} from '../store/log-write.ts'
import { type Item, judge, keyOf } from './batch.ts'
import type { Commit, CommittedRow } from './commit.ts'
import { createOverlay, createRowCache, type Overlay, type RowCache } from './row-cache.ts'

/** Another writer took the partition. What this one was committing was not stored. */
export class Fenced extends Error {}

export interface Writer {
  /** Commits what is undecided of `items` and decides it. Undefined when nothing was left to store. */
  commit(items: readonly Item[], backfill: boolean): Promise<Commit | undefined>
  readonly head: () => number
  /** Forgets everything and lets the connection go; the next commit takes the partition anew. */
  reset(): Promise<void>
}

/** Rows held a tenant, about 1 KiB each. */
const cachedRows = 50_000
/** Another partition may keep inserting ids that we looked up as new; each round decides at least one of them. */
const mostConflictRounds = 10
const uniqueViolation = '23505'

interface Hold {
  readonly client: pg.Client
  head: Head
  readonly caches: Map<TenantId, RowCache>
}

export function createWriter(options: {
  readonly partition: number
  readonly url: string
  readonly days: LogDays
  readonly now: () => number
  readonly log: Logger
  readonly statementTimeoutMs: number
}): Writer {
  const { partition, url, days, now, log, statementTimeoutMs } = options
  let hold: Hold | undefined
  let lookFirst = false

  async function take(): Promise<Hold> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      application_name: `signalbox sequencer ${partition}`,
    })
    client.on('error', (error) => log.warn({ err: error, partition }, 'lost the database connection'))
    await client.connect()
    try {
      await client.query(
        `set synchronous_commit = on; set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
      )
      hold = { client, head: await takePartition(client, partition), caches: new Map() }
      return hold
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  async function cacheOf({ client, caches }: Hold, tenant: TenantId): Promise<RowCache> {
    const held = caches.get(tenant)
    if (held !== undefined) return held
    const { rows, complete } = await readAllRows(client, partition, tenant, cachedRows / 4)
    const cache = createRowCache(cachedRows, complete)
    for (const { tbl, key, body } of rows) cache.set(tbl, key, body)
    caches.set(tenant, cache)
    return cache
  }

  /** Fetches the rows that folding needs and that may exist outside the cache. */
  async function warm({ client }: Hold, tenant: TenantId, cache: RowCache, events: readonly Event[]): Promise<void> {
    if (cache.complete) return
    const missing = new Map<string, RowKey>()
    for (const event of events) {
      for (const wanted of touchedKeys(event)) {
        if (cache.get(wanted.table, wanted.key) === undefined) missing.set(`${wanted.table}\u0000${wanted.key}`, wanted)
      }
    }
    if (missing.size === 0) return
    for (const { tbl, key, body } of await readRows(client, partition, tenant, [...missing.values()])) cache.set(tbl, key, body)
  }

  /** Folds into overlays, one a tenant. Returns the events that the fold cannot take. */
  function fold(
    events: readonly LoggedEvent[],
    overlays: Map<TenantId, Overlay>,
    caches: ReadonlyMap<TenantId, RowCache>,
  ): Map<string, Error> {
    const poison = new Map<string, Error>()
    for (const event of events) {
      const cache = caches.get(event.tenant)
      if (cache === undefined) throw new Error(`No rows are held for tenant ${event.tenant}.`)
      const overlay = overlays.get(event.tenant) ?? createOverlay(cache)
      overlays.set(event.tenant, overlay)
      overlay.position = event.position
      try {
        applyEvent(overlay, event)
      } catch (error) {
        poison.set(keyOf(event), error as Error)
      }
    }
    return poison
  }

  async function decideKnown({ client }: Hold, items: readonly Item[]): Promise<boolean> {
    const found = new Map<string, Event>()
    for (const event of await findByIds(
      client,
      items.map(({ event }) => event.id),
    )) {
      found.set(keyOf(event), event)
    }
    for (const item of items) {
      const holder = found.get(keyOf(item.event))
      if (holder !== undefined) judge(item, holder)
    }
    return found.size > 0
  }

  const reusedRows = (items: readonly Item[], at: number): QuarantineRow[] =>
    items.flatMap(({ event, holder, outcome }) =>
      holder === undefined || outcome?.kind !== 'refused'
        ? []
        : [
            {
              id: uuidv7(at),
              tenant: event.tenant,
              at,
              door: 'sequencer',
              code: outcome.code,
              message: outcome.message,
              eventId: event.id,
              source: event.source,
              body: wireOf(event),
              otherBody: wireOf(holder),
            },
          ],
    )

  async function attempt(held: Hold, items: readonly Item[], fresh: readonly Item[]): Promise<Commit | undefined> {
    const { client, head } = held
    const at = now()
    const first = head.position + 1
    const number = (list: readonly Item[]): LoggedEvent[] =>
      list.map(({ event, receivedAt }, i) => ({ ...event, partition, position: first + i, receivedAt }))
    let kept = fresh
    let events = number(kept)
    const tenants = new Map<TenantId, Event[]>()
    for (const event of events) tenants.set(event.tenant, [...(tenants.get(event.tenant) ?? []), event])
    for (const [tenant, own] of tenants) await warm(held, tenant, await cacheOf(held, tenant), own)

    let overlays = new Map<TenantId, Overlay>()
    const poison = fold(events, overlays, held.caches)
    const quarantine = reusedRows(items, at)
    if (poison.size > 0) {
      kept = fresh.filter(({ event }) => !poison.has(keyOf(event)))
      for (const item of fresh) {
        const error = poison.get(keyOf(item.event))
        if (error === undefined) continue
        const message = `Event ${item.event.id} was not applied: ${error.message}. It is kept in /v1/quarantine.`
        log.error({ err: error, id: item.event.id }, 'the fold refused an event')
        quarantine.push({
          id: uuidv7(at),
          tenant: item.event.tenant,
          at,
          door: 'sequencer',
          code: 'INTERNAL',
          message,
          eventId: item.event.id,
          source: item.event.source,
          body: wireOf(item.event),
        })
        item.outcome = { kind: 'refused', code: 'INTERNAL', message }
      }
      events = number(kept)
      overlays = new Map()
      fold(events, overlays, held.caches)
    }

    const changed: CommittedRow[] = []
    for (const [tenant, overlay] of overlays)
      for (const [table, key, row, position] of overlay.changed()) changed.push({ tenant, table, key, row, position })
    let lines = ''
    let minId = events[0]?.id ?? ''
    let maxId = minId
    for (const event of events) {
      lines += copyLine(event)
      if (event.id < minId) minId = event.id
      if (event.id > maxId) maxId = event.id
    }
    const last = head.position + events.length
    const hash = createHash('sha256').update(head.hash).update(lines).digest()

    await client.query('begin')
    if (events.length > 0) {
      await copyIntoLog(client, lines)
      const duplicates = items.filter(({ outcome }) => outcome?.kind === 'duplicate').length
      const refused = items.filter(({ outcome }) => outcome?.kind === 'refused').length
      const ours = await writeCommit(
        client,
        { partition, fence: head.fence, first, last, at, duplicates, refused, minId, maxId, hash },
        changed,
      )
      if (!ours) throw new Fenced(`Partition ${partition} was taken by another writer.`)
    }
    await writeQuarantine(client, quarantine)
    await client.query('commit')

    if (events.length === 0) return undefined
    held.head = { position: last, fence: head.fence, hash }
    for (const { tenant, table, key, row } of changed) held.caches.get(tenant)?.set(table, key, row)
    kept.forEach((item, i) => {
      item.outcome = { kind: 'stored', position: first + i }
    })
    return { partition, from: first, to: last, at, events, rows: changed }
  }

  return {
    async commit(items, backfill) {
      const held = hold ?? (await take())
      const undecided = items.filter(({ outcome }) => outcome === undefined)
      await days.ensure(
        undecided.map(({ event }) => idTime(event.id)),
        backfill,
      )
      for (let round = 0; ; round += 1) {
        if (round > 0 || lookFirst)
          lookFirst = await decideKnown(
            held,
            undecided.filter(({ outcome }) => outcome === undefined),
          )
        const fresh = undecided.filter(({ outcome }) => outcome === undefined)
        if (fresh.length === 0 && !items.some(({ holder }) => holder !== undefined)) return undefined
        try {
          return await attempt(held, items, fresh)
        } catch (error) {
          if ((error as { code?: string }).code !== uniqueViolation || round === mostConflictRounds) throw error
          await held.client.query('rollback')
        }
      }
    },
    head: () => hold?.head.position ?? 0,
    async reset() {
      const held = hold
      hold = undefined
      await held?.client.end().catch(() => undefined)
    },
  }
}

/** The event as it was sent, for people who look into the quarantine. */
function wireOf(event: Event): string {
  const {
    partition: _partition,
    position: _position,
    receivedAt: _receivedAt,
    ...sent
  } = JSON.parse(toWire({ ...event, partition: 0, position: 0, receivedAt: 0 })) as Record<string, unknown>
  return JSON.stringify(sent)
}
