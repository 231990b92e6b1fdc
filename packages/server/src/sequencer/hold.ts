/**
 * A partition in a writer's hands: two connections, the fence, the head, and the rows in memory.
 *
 * Taking it folds what the stored rows do not stand for yet: its last writer was gone before it wrote them. After a failure all of it
 * is let go, and the next who needs it takes it again.
 */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import type { Client, Connection } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { NewClient } from '../store/connect.ts'
import { endsWhenGone } from '../store/gone.ts'
import { type Head, readCommit, takePartition } from '../store/log-write.ts'
import { readLog } from '../store/reader.ts'
import { refold, sayRefused } from '../store/refold.ts'
import type { RowWrite } from '../store/row-columns.ts'
import { planByKey, prepareRows } from '../store/rows-write.ts'
import { isFenced } from '../store/sqlstate.ts'
import type { Commit, CommittedRow } from './commit.ts'
import { createPartitionRows, type PartitionRows } from './partition-rows.ts'
import { createOverlay, type Overlay } from './row-cache.ts'

export interface Hold {
  readonly client: Client
  readonly rows: PartitionRows
  head: Head
}

export interface Holding {
  /** Takes the partition if it is not held; one taking at a time, whoever asks. */
  take(): Promise<Hold>
  readonly now: () => Hold | undefined
  /** Last position known here. */
  readonly head: () => number
  /** Tells of a commit that is durable. */
  announce(commit: Commit): void
  /**
   * Resolves when the stored rows stand for every commit made here before the call; at once where another writer took the partition,
   * who brings them up. Where they cannot be written it says so in the log and resolves too: what is stored can still be read.
   */
  catchUp(): Promise<void>
  /** Takes the partition although another writer has it, or had it, and brings the rows up. What of its own is due is written as ever. */
  takeOver(): Promise<void>
  /** Lets go, and fails what is under way at once: a dead network would never answer it. */
  reset(): void
  /** Another writer took the partition: the same, and what is missing is its work. */
  lose(): void
  /** Writes the rows that are due, and lets go. */
  stop(): Promise<void>
}

export interface HoldingOptions {
  readonly partition: number
  readonly newClient: NewClient
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
  readonly metrics: Pick<Metrics, 'rows' | 'rowsSeconds'>
}

const longestConnectMs = 5_000
/** Events folded again at once. */
const pageEvents = 2_000

/** What is acknowledged is on disk. */
const ofLog = 'set synchronous_commit = on'
/** Rows are made again from the log: they wait for no disk, and come to it in the order of commits, so never before the log that they stand for. */
const ofRows = 'set synchronous_commit = off'
/** Ends what takes too long, and the session of a writer that is gone: it holds the lock of the partition's head. */
const sessionSettings = (timeoutMs: number) =>
  `set statement_timeout = ${timeoutMs}; set idle_in_transaction_session_timeout = ${timeoutMs}; ${endsWhenGone(timeoutMs)}`

/** For readers it is as when the database itself says so. */
const away = (code: string, message: string) => Object.assign(new Error(message), { code })

/** pg's own way waits for an answer; its types do not say what it has. */
const hangUp = (client: Client) => (client as unknown as { readonly connection: Connection }).connection.stream.destroy()

export type Overlays = Map<TenantId, Overlay>

export function overlayOf(rows: PartitionRows, overlays: Overlays, { tenant, position }: LoggedEvent): Overlay {
  let overlay = overlays.get(tenant)
  if (overlay === undefined) {
    overlay = createOverlay(rows.of(tenant))
    overlays.set(tenant, overlay)
  }
  overlay.position = position
  return overlay
}

/** What the overlays changed, beside what was. */
export function changesOf(overlays: Overlays): CommittedRow[] {
  const changed: CommittedRow[] = []
  for (const [tenant, overlay] of overlays)
    overlay.changed((table, key, row, position, was) => changed.push({ tenant, table, key, row, position, was }))
  return changed
}

/** Of the log. What the fold refuses is told of later: it may be done again with more rows. */
function refolded(rows: PartitionRows, events: readonly LoggedEvent[]) {
  const overlays: Overlays = new Map()
  const refused = new Map<LoggedEvent, unknown>()
  for (const event of events) refold(overlayOf(rows, overlays, event), event, (_, cause) => refused.set(event, cause))
  return { overlays, refused }
}

export function createHolding({ partition, newClient, clock, log, timeoutMs, onCommit, onFenced, metrics }: HoldingOptions): Holding {
  let clients: readonly Client[] = []
  let hold: Hold | undefined
  let taking: Promise<Hold> | undefined
  /** Commits of before, here or of a process that was killed, may lack their rows; whoever takes the partition folds them. */
  let isOwed = true
  let isStopped = false
  let announced: number | undefined

  function announce(commit: Commit) {
    announced = commit.to
    onCommit(commit)
  }

  async function connect(what: string, settings: string): Promise<Client> {
    const client = newClient(`signalbox sequencer ${partition} ${what}`, Math.min(longestConnectMs, timeoutMs))
    clients = [...clients, client]
    client.on('error', (error) => {
      log.warn({ err: error, partition, what }, 'lost the database connection')
      // A database that fell may have lost the newest rows, which it had not synced.
      if (clients.includes(client)) reset()
    })
    await client.connect()
    await client.query(`${sessionSettings(timeoutMs)}; ${settings}`)
    return client
  }

  async function takeNow(): Promise<Hold> {
    if (isStopped) throw away('ECONNRESET', 'The writer has stopped.')
    const connecting = Promise.all([connect('log', ofLog), connect('rows', ofRows)])
    const mine = clients
    const assertMine = () => {
      if (clients !== mine) throw away('ECONNRESET', 'The writer was reset while it took its partition.')
    }
    const [client, writes] = await connecting
    await planByKey(client)
    await prepareRows(writes, partition)
    const head = await takePartition(client, partition)
    assertMine()
    const rows = createPartitionRows({
      partition,
      fence: head.fence,
      folded: head.folded,
      reads: client,
      writes,
      clock,
      onWritten(count, seconds) {
        metrics.rows.inc({ fate: 'written' }, count)
        metrics.rowsSeconds.observe(seconds)
      },
      // What was let go meanwhile fails without being missed.
      onFailure: (error) => clients === mine && failed(error),
      onRefused({ table, key, tenant }: RowWrite, cause: unknown) {
        metrics.rows.inc({ fate: 'refused' })
        log.error({ err: cause, partition, tenant, table, key }, 'the store refused a row; it is left out')
      },
      onTooLarge: (tenant, run) =>
        log.warn(
          { partition, tenant, run },
          'there is no room to know the closed calls of this run: its new ones are looked up, which is slow',
        ),
    })
    try {
      await foldRest(client, rows, head)
      if (announced !== undefined && head.position > announced) {
        const newest = await readCommit(client, partition, head.position)
        assertMine()
        if (newest !== undefined) announce(newest)
      }
      assertMine()
    } catch (error) {
      rows.stop()
      throw error
    }
    announced = head.position
    isOwed = false
    hold = { client, rows, head }
    return hold
  }

  function take(): Promise<Hold> {
    if (hold !== undefined) return Promise.resolve(hold)
    taking ??= takeNow()
      .catch((error: unknown) => {
        if (isFenced(error)) lose()
        else reset()
        throw error
      })
      .finally(() => {
        taking = undefined
      })
    return taking
  }

  /** What was committed after the rows that are stored: they were not written when their writer ended. */
  async function foldRest(client: Client, rows: PartitionRows, { position, folded }: Head): Promise<void> {
    for (let at = folded; at < position; ) {
      const events = await readLog(client, partition, at, position, pageEvents)
      const last = events.at(-1)?.position ?? position
      if (last - at !== events.length)
        log.error({ partition, after: at, upTo: last, found: events.length }, 'events left the log before they were folded; rows lack them')
      const { overlays, refused } = await rows.folded(() => refolded(rows, events))
      for (const [event, cause] of refused) sayRefused(log)(event, cause)
      rows.keep(changesOf(overlays), last, events)
      await rows.write()
      at = last
    }
  }

  function reset(): void {
    const mine = clients
    // A commit that was under way may be stored.
    if (mine.length > 0) isOwed = true
    clients = []
    hold?.rows.stop()
    hold = undefined
    for (const client of mine) hangUp(client)
  }

  function lose(): void {
    reset()
    isOwed = false
  }

  /** A write of rows failed. */
  function failed(error: unknown): void {
    if (isFenced(error)) {
      log.warn({ err: error, partition }, 'fenced: another writer took the partition')
      onFenced()
      lose()
    } else {
      log.warn({ err: error, partition }, 'rows could not be written; they are made again from the log')
      reset()
    }
  }

  async function writeRows(): Promise<void> {
    const mine = await take()
    await mine.rows.write().catch((error: unknown) => {
      if (hold === mine) failed(error)
      throw error
    })
  }

  /** Lets go when it takes longer than a commit may: a dead network answers nothing. */
  async function inTime(work: Promise<void>): Promise<void> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => {
        reset()
        reject(away('ETIMEDOUT', 'The store did not answer in time.'))
      })
    })
    await Promise.race([work, late]).finally(() => cancel())
  }

  async function catchUp(): Promise<void> {
    for (let tries = 1; !isStopped && (hold?.rows.isBehind() ?? isOwed); tries += 1) {
      try {
        await inTime(writeRows())
        return
      } catch (error) {
        if (tries < 2) continue
        log.warn({ err: error, partition }, 'rows could not be brought up; readers get those that are stored')
        return
      }
    }
  }

  return {
    take,
    now: () => hold,
    head: () => hold?.head.position ?? announced ?? 0,
    announce,
    catchUp,
    async takeOver() {
      if (hold?.rows.isBehind() !== true) {
        reset()
        isOwed = true
      }
      await catchUp()
    },
    reset,
    lose,
    async stop() {
      // What could not be written is folded by whoever takes the partition next.
      if (hold !== undefined) await inTime(writeRows()).catch(() => undefined)
      isStopped = true
      hold?.rows.stop()
      const ending = clients
      clients = []
      hold = undefined
      await Promise.all(ending.map((client) => client.end()))
    },
  }
}
