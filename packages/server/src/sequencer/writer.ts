/**
 * The one writer of a partition. Each batch is one transaction: log, head, commit record; the rows folded from it follow
 * (partition-rows.ts). Nothing in memory moves before COMMIT answered; after a failure the writer forgets all it held, reads it
 * again, and folds what the stored rows do not stand for yet.
 */
import type { EpochMs, Event, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent } from '@signalbox/model/fold/fold.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { LogDays } from '../store/days.ts'
import { findByIds, type QuarantineRow, writeCommit, writeQuarantine } from '../store/log-write.ts'
import type { Quarantine } from '../store/quarantine.ts'
import { sealedUntil, whileSealed } from '../store/sealed.ts'
import { blamesData, isConflict, isFenced, knowsTooFewSealed, lacksTable } from '../store/sqlstate.ts'
import { decideRepeats, type Item, isFresh, judge, keyOf, markRepeats, quarantineRows, refuseAsFault, tellKept } from './batch.ts'
import { chainHash } from './chain.ts'
import { linesOf } from './commit.ts'
import { changesOf, createHolding, type Hold, type Holding, type HoldingOptions, type Overlays, overlayOf } from './hold.ts'
import { asText, idBounds, logged, timesOf } from './placed.ts'

/** Another writer took the partition. What this one was committing was not stored. */
export class Fenced extends Error {}

export interface Writer extends Pick<Holding, 'catchUp' | 'head' | 'reset' | 'stop' | 'takeOver'> {
  /** Commits what is fresh of `items` and decides all of them. */
  commit(items: readonly Item[], backfill: boolean): Promise<void>
}

export interface WriterOptions extends HoldingOptions {
  readonly days: LogDays
  readonly quarantine: Quarantine
}

/** Another partition may keep inserting ids that we looked up as new; each round decides at least one of them. */
const mostConflictRounds = 10

export function createWriter({ days, quarantine, ...options }: WriterOptions): Writer {
  const { partition, clock, log } = options
  const holding = createHolding(options)
  /** Duplicates came last time: they come in runs, and asking first is cheaper than a transaction rolled back. */
  let lookFirst = false

  /** Numbers and folds; an item that the fold cannot take leaves no trace in the rest. Decides nothing yet: it may be done again with more rows. */
  function fold({ head, rows }: Hold, fresh: readonly Item[]) {
    const faults = new Map<Item, unknown>()
    let kept = fresh
    for (;;) {
      const overlays: Overlays = new Map()
      const events: LoggedEvent[] = []
      const faultsBefore = faults.size
      for (const item of kept) {
        const event = logged(item, partition, head.position + events.length + 1)
        const overlay = overlayOf(rows, overlays, event)
        try {
          applyEvent(overlay, event, item.touch)
          events.push(event)
        } catch (error) {
          faults.set(item, error)
        }
      }
      if (faults.size === faultsBefore) return { kept, events, overlays, faults }
      kept = kept.filter((item) => !faults.has(item))
    }
  }

  async function attempt(held: Hold, items: readonly Item[]): Promise<void> {
    const fresh = items.filter(isFresh)
    const folded = await held.rows.folded(() => fold(held, fresh))
    for (const [item, cause] of folded.faults) {
      log.error({ err: cause, id: item.event.id }, 'the fold refused an event')
      refuseAsFault(item, cause)
    }
    decideRepeats(items)
    const at = clock.now()
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
    const rows = changesOf(overlays)
    const [minId, maxId] = idBounds(events)
    // Its text is in no variable here: it would be held until the commit is answered, and grow old.
    const lines = linesOf(events)
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
      commit: { partition, fence: head.fence, first, last, at, duplicates, refused, minId, maxId, hash, sealed: head.sealed },
      lines,
      quarantine: bad,
    })

    held.head = { ...head, position: last, hash }
    held.rows.keep(rows, last, events)
    for (let i = 0; i < kept.length; i += 1) {
      const item = kept[i]
      if (item !== undefined) item.outcome = { kind: 'stored', position: first + i }
    }
    holding.announce({ partition, from: first, to: last, at, events: events.map(asText), lines, rows })
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
      if (round > 0 || lookFirst) {
        const repeats = markRepeats(items)
        lookFirst = (await decideKnown(held, items)) || repeats
      }
      try {
        return await attempt(held, items)
      } catch (error) {
        if (isFenced(error)) {
          holding.lose()
          throw new Fenced(`Partition ${partition} was taken by another writer.`)
        }
        if (knowsTooFewSealed(error)) throw error
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

  /** Ids of sealed days are in no table that would refuse them: they are looked up first, and no day is sealed until all is committed. */
  async function settleAll(held: Hold, items: readonly Item[]): Promise<void> {
    for (;;) {
      const old = items.filter((item) => isFresh(item) && idTime(item.event.id) < held.head.sealed)
      try {
        if (old.length === 0) return await settle(held, items)
        return await whileSealed(held.client, async () => {
          await decideKnown(held, old)
          await settle(held, items)
        })
      } catch (error) {
        if (!knowsTooFewSealed(error)) throw error
        held.head = { ...held.head, sealed: await sealedUntil(held.client, partition) }
      }
    }
  }

  return {
    async commit(items, backfill) {
      const held = await holding.take()
      await days.ensure(timesOf(items.filter(isFresh)), backfill)
      await held.rows.room()
      if (holding.now() !== held) throw new Error('The writer was reset before it could commit.')
      await settleAll(held, items)
    },
    catchUp: holding.catchUp,
    head: holding.head,
    reset: holding.reset,
    stop: holding.stop,
    takeOver: holding.takeOver,
  }
}
