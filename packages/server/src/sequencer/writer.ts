/**
 * The one writer of a partition. Each batch is one transaction: log, head, commit record; the rows folded from it follow
 * (partition-rows.ts). Nothing in memory moves before COMMIT answered; after a failure the writer forgets all it held, reads it
 * again, and folds what the stored rows do not stand for yet.
 */
import type { Event, LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { applyEvent, applyWhole } from '@signalbox/model/fold/fold.ts'
import { idTime } from '@signalbox/model/ids.ts'
import pg from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { LogDays } from '../store/days.ts'
import { copyLine, fencedState, findByIds, type Head, readCommit, takePartition, writeCommit, writeQuarantine } from '../store/log-write.ts'
import { readLog } from '../store/reader.ts'
import { planByKey, prepareRows } from '../store/rows-write.ts'
import { decideRepeats, type Item, isFresh, judge, keyOf, quarantineRows, refuseAsFault } from './batch.ts'
import { chainHash } from './chain.ts'
import type { Commit, CommittedRow } from './commit.ts'
import { createPartitionRows, type PartitionRows } from './partition-rows.ts'
import { createOverlay, type Overlay } from './row-cache.ts'

/** Another writer took the partition. What this one was committing was not stored. */
export class Fenced extends Error {}

export interface Writer {
  /** Commits what is fresh of `items` and decides all of them. */
  commit(items: readonly Item[], backfill: boolean): Promise<void>
  /** Resolves when the stored rows stand for every commit made here before the call. */
  catchUp(): Promise<void>
  /** Last committed position known here. */
  readonly head: () => number
  /** Forgets everything and drops the connections, also in mid-commit; the next commit takes the partition anew. */
  reset(): void
  /** Writes the rows that are due, so that the next start has nothing to fold, and lets the partition go. No commit may be under way. */
  stop(): Promise<void>
}

export interface WriterOptions {
  readonly partition: number
  readonly url: string
  readonly days: LogDays
  readonly clock: Clock
  readonly log: Logger
  readonly timeoutMs: number
  /**
   * Told of every commit that is durable, in order. After a COMMIT whose answer was lost, or one of another writer,
   * it is told of the newest commit only: who follows positions sees the gap and reads the rest from the store.
   */
  readonly onCommit: (commit: Commit) => void
  /** Told that rows were not written because another writer took the partition. */
  readonly onFenced: () => void
}

/** Another partition may keep inserting ids that we looked up as new; each round decides at least one of them. */
const mostConflictRounds = 10
const longestConnectMs = 5_000
/** Events folded again at once. */
const pageEvents = 2_000

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')
/** unique_violation: an id is in the log. deadlock_detected: another partition inserts the same ids in another order. */
const conflicts: ReadonlySet<string> = new Set(['23505', '40P01'])
/** Classes of SQLSTATE that blame what was written, not the world: data_exception, integrity_constraint_violation, program_limit_exceeded. */
const blamesData = (error: unknown) => /^(22|23|54)...$/.test(codeOf(error)) && !conflicts.has(codeOf(error))

interface Hold {
  readonly client: pg.Client
  readonly rows: PartitionRows
  head: Head
}

/** pg's own way waits for an answer; its types do not say what it has. */
const hangUp = (client: pg.Client) => (client as unknown as { readonly connection: pg.Connection }).connection.stream.destroy()

type Overlays = ReadonlyMap<TenantId, Overlay>

/** What the overlays changed, beside what was. */
function changesOf(rows: PartitionRows, overlays: Overlays): CommittedRow[] {
  const changed: CommittedRow[] = []
  for (const [tenant, overlay] of overlays) {
    const before = rows.of(tenant)
    for (const [table, key, row, position] of overlay.changed())
      changed.push({ tenant, table, key, row, position, was: before.get(table, key) })
  }
  return changed
}

export function createWriter({ partition, url, days, clock, log, timeoutMs, onCommit, onFenced }: WriterOptions): Writer {
  let clients: readonly pg.Client[] = []
  let hold: Hold | undefined
  let taking: Promise<Hold> | undefined
  /** Its last word was that another writer has the partition. */
  let isFenced = false
  /** Duplicates came last time: they come in runs, and asking first is cheaper than a transaction rolled back. */
  let lookFirst = false
  let announced: number | undefined

  function announce(commit: Commit) {
    announced = commit.to
    onCommit(commit)
  }

  async function connect(what: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: Math.min(longestConnectMs, timeoutMs),
      keepAlive: true,
      application_name: `signalbox sequencer ${partition} ${what}`,
    })
    clients = [...clients, client]
    client.on('error', (error) => log.warn({ err: error, partition, what }, 'lost the database connection'))
    await client.connect()
    await client.query(
      `set synchronous_commit = on; set statement_timeout = ${timeoutMs}; set idle_in_transaction_session_timeout = ${timeoutMs}`,
    )
    return client
  }

  async function take(): Promise<Hold> {
    const connecting = Promise.all([connect('log'), connect('rows')])
    const mine = clients
    const assertMine = () => {
      if (clients !== mine) throw new Error('The writer was reset while it took its partition.')
    }
    const [client, writes] = await connecting
    await planByKey(client)
    await prepareRows(writes, partition)
    const head = await takePartition(client, partition)
    assertMine()
    isFenced = false
    const rows = createPartitionRows({ partition, fence: head.fence, folded: head.folded, reads: client, writes, clock, onFailure })
    await foldRest(client, rows, head)
    if (announced !== undefined && head.position > announced) {
      const newest = await readCommit(client, partition, head.position)
      assertMine()
      if (newest !== undefined) announce(newest)
    }
    assertMine()
    announced = head.position
    hold = { client, rows, head }
    return hold
  }

  /** One taking at a time, whoever asks. */
  function taken(): Promise<Hold> {
    if (hold !== undefined) return Promise.resolve(hold)
    taking ??= take()
      .catch((error: unknown) => {
        reset()
        throw error
      })
      .finally(() => {
        taking = undefined
      })
    return taking
  }

  /** What was committed after the rows that are stored: they were not written when their writer ended. */
  async function foldRest(client: pg.Client, rows: PartitionRows, { position, folded }: Head): Promise<void> {
    for (let at = folded; at < position; ) {
      const events = await readLog(client, partition, at, position, pageEvents)
      const last = events.at(-1)?.position ?? position
      if (last - at !== events.length)
        log.error({ partition, after: at, upTo: last, found: events.length }, 'events left the log before they were folded; rows lack them')
      await rows.warm(events)
      const overlays = new Map<TenantId, Overlay>()
      for (const event of events) {
        const overlay = overlayOf(rows, overlays, event)
        try {
          applyWhole(overlay, event)
        } catch (error) {
          log.error(
            { err: error, id: event.id, partition, position: event.position },
            'the fold refused an event of the log; it is left out',
          )
        }
      }
      rows.keep(changesOf(rows, overlays), last)
      await rows.write()
      at = last
    }
  }

  function overlayOf(rows: PartitionRows, overlays: Map<TenantId, Overlay>, { tenant, position }: LoggedEvent): Overlay {
    let overlay = overlays.get(tenant)
    if (overlay === undefined) {
      overlay = createOverlay(rows.of(tenant))
      overlays.set(tenant, overlay)
    }
    overlay.position = position
    return overlay
  }

  function onFailure(error: unknown) {
    isFenced = codeOf(error) === fencedState
    if (isFenced) onFenced()
    log.warn(
      { err: error, partition },
      isFenced ? 'fenced: another writer took the partition' : 'rows could not be written; they are made again from the log',
    )
    reset()
  }

  /** What is under way fails at once: a dead network would never answer it. */
  function reset(): void {
    const mine = clients
    clients = []
    hold?.rows.stop()
    hold = undefined
    for (const client of mine) hangUp(client)
  }

  /** Rejects, and resets, when it takes longer than a commit may. */
  async function inTime(work: Promise<void>, mine: Hold): Promise<void> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(new Error('The store did not answer in time.')))
    })
    try {
      await Promise.race([work, late])
    } catch (error) {
      if (hold === mine) onFailure(error)
      throw error
    } finally {
      cancel()
    }
  }

  /** Numbers and folds; an item that the fold cannot take is refused and leaves no trace in the rest. */
  function fold({ head, rows }: Hold, fresh: readonly Item[]) {
    let kept = fresh
    for (;;) {
      const overlays = new Map<TenantId, Overlay>()
      const events: LoggedEvent[] = []
      let isWhole = true
      for (const item of kept) {
        const event: LoggedEvent = { ...item.event, partition, position: head.position + events.length + 1, receivedAt: item.receivedAt }
        const overlay = overlayOf(rows, overlays, event)
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
    await held.rows.warm(fresh.map(({ event }) => event))
    const { kept, events, overlays } = fold(held, fresh)
    decideRepeats(items)
    const at = clock.now()
    const quarantine = quarantineRows(items, at)
    if (events.length === 0 && quarantine.length === 0) return

    if (events.length === 0) return writeQuarantine(held.client, quarantine)

    const { head } = held
    const rows = changesOf(held.rows, overlays)
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
      quarantine,
    })

    held.head = { ...head, position: last, hash }
    held.rows.keep(rows, last)
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
        if (codeOf(error) === fencedState) throw new Fenced(`Partition ${partition} was taken by another writer.`)
        if (conflicts.has(codeOf(error)) && round < mostConflictRounds) continue
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
      const mine = await taken()
      const fresh = items.filter(isFresh)
      await days.ensure(
        fresh.map(({ event }) => idTime(event.id)),
        backfill,
      )
      await mine.rows.room()
      if (hold !== mine) throw new Error('The writer was reset before it could commit.')
      await settle(mine, items)
    },
    async catchUp() {
      // Who has the partition brings its rows up.
      if (hold === undefined && isFenced) return
      const mine = await taken()
      await inTime(mine.rows.write(), mine).catch((error: unknown) => {
        if (!isFenced) throw error
      })
    },
    head: () => hold?.head.position ?? announced ?? 0,
    reset,
    async stop() {
      const mine = hold
      if (mine !== undefined) await inTime(mine.rows.write(), mine).catch(() => undefined)
      const ending = clients
      clients = []
      hold = undefined
      await Promise.all(ending.map((client) => client.end()))
    },
  }
}
