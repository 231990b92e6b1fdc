/**
 * Ingest: doors turn one wire format into items, and all of them bring their items here.
 *
 * In: parsed items of one request. Out: what became of each. Promises: a bad item costs no other; everything is counted once
 * (received = stored + duplicate + refused + quarantined); nothing is awaited before publishing, so one sender's batches keep their order.
 */
import { limits as bounds, type EpochMs, type Event, type EventId, type TenantId } from '@signalbox/model/event.ts'
import { inputOf, type MadeEvent } from '@signalbox/model/foreign.ts'
import { createIdSource, foreignId, partitionKey, partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import type { Durability, ItemRefusal } from '@signalbox/model/live.ts'
import { parseEvent, takeMade, type ValidateLimits } from '@signalbox/model/validate.ts'
import { type Ack, type Broker, type Outcome, Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'

/** A bad item with what it was, for people to look at. */
export interface Kept {
  readonly id: string
  readonly tenant: TenantId
  readonly at: EpochMs
  readonly door: string
  readonly code: string
  readonly message: string
  readonly eventId?: string | undefined
  readonly source?: string | undefined
  readonly body: string
}

export interface IngestDeps {
  readonly broker: Pick<Broker, 'publish'>
  readonly partitions: number
  /** Keeps bad items; answers how many of them, from the first on: the quarantine is bounded. */
  readonly quarantine: (rows: readonly Kept[]) => Promise<number>
  /** Live cursor at or after the newest commit. */
  readonly cursor: () => string
  readonly limits: ValidateLimits
  /** What a commit is worth on this server. */
  readonly durability: Durability
  readonly clock: Clock
  readonly metrics: Metrics
  /** Told of a fault that the sender is not told of. */
  readonly onFault: (error: unknown) => void
}

export interface RawItem {
  /** Parsed JSON, or `malformed` with the text when it is none. */
  readonly value?: unknown
  /** Of a mapping, in the place of a value. */
  readonly event?: MadeEvent
  readonly malformed?: string
  /** Why its door can make no event of it. */
  readonly refused?: Pick<ItemRefusal, 'code' | 'message'>
}

export interface ReceiveOptions {
  readonly tenant: TenantId
  readonly door: string
  readonly backfill: boolean
  readonly idempotencyKey?: string | undefined
  /** Told as soon as a part of the items is known to fail, which may be long before the rest of them is settled. */
  readonly onFailure?: () => void
}

export interface Receipt {
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly refused: readonly ItemRefusal[]
  readonly durability: Durability
  readonly cursor: string
  /** Ids made by the server, by index. */
  readonly made: readonly { readonly index: number; readonly id: EventId }[]
}

interface Placed {
  readonly index: number
  readonly event: Event
}

export function createReceive(deps: IngestDeps) {
  const { broker, partitions, limits, clock, metrics } = deps
  const nextId = createIdSource(() => clock.now())

  function publish(placed: readonly Placed[], options: ReceiveOptions, receivedAt: EpochMs) {
    const byPartition = new Map<number, Placed[]>()
    for (const item of placed) {
      const partition = partitionOf(options.tenant, partitionKey(item.event), partitions)
      const held = byPartition.get(partition)
      if (held === undefined) byPartition.set(partition, [item])
      else held.push(item)
    }
    return [...byPartition].map(([partition, items]) => ({
      items,
      ack: broker
        .publish({ partition, events: items.map(({ event }) => event), backfill: options.backfill, receivedAt })
        .catch((error: unknown) => {
          options.onFailure?.()
          throw error
        }),
    }))
  }

  /** How many were kept; a failure keeps none and costs no other item. */
  const keep = async (bad: readonly Kept[]): Promise<number> => {
    try {
      return await deps.quarantine(bad)
    } catch (error) {
      deps.onFault(error)
      return 0
    }
  }

  interface Sorted {
    readonly received: number
    readonly receivedAt: EpochMs
    readonly placed: readonly Placed[]
    readonly made: readonly { readonly index: number; readonly id: EventId }[]
    readonly bad: readonly Kept[]
    readonly refused: ItemRefusal[]
  }

  function sort(raw: readonly RawItem[], { tenant, door, idempotencyKey }: ReceiveOptions): Sorted {
    const receivedAt = clock.now()
    const placed: Placed[] = []
    const made: { index: number; id: EventId }[] = []
    const bad: Kept[] = []
    const refused: ItemRefusal[] = []
    function reject(index: number, item: RawItem, code: ItemRefusal['code'], message: string, id?: string) {
      refused.push({ index, id, code, message })
      const source = sourceOf(given(item))
      bad.push({ id: uuidv7(receivedAt), tenant, at: receivedAt, door, code, message, eventId: id, source, body: bodyOf(item) })
    }
    for (const [index, item] of raw.entries()) {
      if (item.malformed !== undefined) {
        reject(index, item, 'MALFORMED_JSON', `Item ${index} is not JSON in UTF-8.`)
        continue
      }
      if (item.refused !== undefined) {
        reject(index, item, item.refused.code, item.refused.message)
        continue
      }
      const parsed =
        item.event === undefined
          ? parseEvent(item.value, tenant, limits, (source, time) =>
              idempotencyKey === undefined ? nextId() : foreignId(source, idempotencyKey, String(index), time),
            )
          : takeMade(item.event, tenant, limits)
      if (!parsed.ok) {
        reject(index, item, parsed.code, parsed.message, parsed.id)
        continue
      }
      const { id, time } = parsed.event
      // Where events disagree the one of the newest time wins: a time to come would win for ever.
      if (time > receivedAt + bounds.futureMs) {
        const message = `/time is ${new Date(time).toISOString()}, more than five minutes ahead of the server.`
        reject(index, item, 'EVENT_FROM_FUTURE', message, id)
        continue
      }
      placed.push({ index, event: parsed.event })
      if (parsed.idMade) made.push({ index, id: parsed.event.id })
    }
    return { received: raw.length, receivedAt, placed, made, bad, refused }
  }

  async function settle({ received, receivedAt, placed, made, bad, refused }: Sorted, options: ReceiveOptions): Promise<Receipt> {
    const count = (fate: string, by: number) => by > 0 && metrics.events.inc({ door: options.door, fate }, by)
    count('received', received)
    const published = publish(placed, options, receivedAt)
    const acks = await Promise.allSettled(published.map(({ ack }) => ack))
    let failure: unknown
    let accepted = 0
    let duplicates = 0
    let durability = deps.durability
    let kept = 0
    acks.forEach((settled, i) => {
      const items = published[i]?.items ?? []
      if (settled.status === 'rejected') {
        failure = settled.reason
        count('refused', items.length)
        return
      }
      durability = settled.value.durability
      items.forEach(({ index, event }, k) => {
        const outcome: Outcome | undefined = (settled.value as Ack).outcomes[k]
        if (outcome === undefined) throw new Error(`The broker left event ${event.id} undecided.`)
        if (outcome.kind === 'stored') accepted += 1
        else if (outcome.kind === 'duplicate') duplicates += 1
        else {
          refused.push({ index, id: event.id, code: outcome.code, message: outcome.message })
          metrics.refusals.inc({ code: outcome.code })
          if (outcome.kept === true) kept += 1
          else count('refused', 1)
          if (outcome.kept === false) metrics.notKept.inc()
        }
      })
    })
    count('stored', accepted)
    count('duplicate', duplicates)
    count('quarantined', kept)
    if (failure !== undefined) {
      // The sender will send all of it again; its bad items are kept then, not twice.
      count('refused', bad.length)
      metrics.refusals.inc({ code: failure instanceof Unavailable ? failure.code : 'INTERNAL' })
      throw failure
    }
    const inQuarantine = bad.length === 0 ? 0 : await keep(bad)
    count('quarantined', inQuarantine)
    count('refused', bad.length - inQuarantine)
    metrics.notKept.inc(bad.length - inQuarantine)
    for (const { code } of bad) metrics.refusals.inc({ code })
    refused.sort((a, b) => a.index - b.index)
    return { received, accepted, duplicates, refused, durability, cursor: deps.cursor(), made }
  }

  /**
   * Everything up to publishing happens before this returns its promise. Rejects with `Unavailable`.
   * What was received is not held while its events wait for their commit: it is most of the memory that they would take.
   */
  return (raw: readonly RawItem[], options: ReceiveOptions): Promise<Receipt> => settle(sort(raw, options), options)
}
export type Receive = ReturnType<typeof createReceive>

const given = ({ value, event }: RawItem): unknown => (event === undefined ? value : inputOf(event))

function sourceOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'source' in value && typeof value.source === 'string'
    ? value.source.slice(0, 256)
    : undefined
}

/** Printing takes the square of the depth: a million levels are minutes. */
const mostPrintedLevels = 1_000

/** Without recursion: depth comes from the sender. */
export function isDeeper(value: unknown, most: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true
    const next: unknown[] = []
    for (const node of level)
      for (const inner of Object.values(node ?? {})) if (typeof inner === 'object' && inner !== null) next.push(inner)
    level = next
  }
  return false
}

function bodyOf(item: RawItem): string {
  if (item.malformed !== undefined) return item.malformed
  const value = given(item)
  if (typeof value === 'object' && isDeeper(value, mostPrintedLevels)) return '(nested too deeply to print)'
  return JSON.stringify(value) ?? 'undefined'
}
