/**
 * States of past moments, for who moves among them: the fold goes on from the nearest state that is recorded or still held, and from the
 * nearest snapshot else. What is held is bounded in rows; the tenant and partition that was asked for longest ago is forgotten first.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import type { Rows } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Refused } from '../http/problem.ts'
import { refold, sayRefused } from '../store/refold.ts'
import type { LogReader } from '../store/store.ts'
import type { MomentRecord } from './record.ts'
import { isLeftOut } from './recorded-stretch.ts'
import { type Base, type FoundRows, nearestSnapshot, noRows, readClosed, readSpread, readState, type SoughtKey } from './state-kept.ts'
import { endable, flat, type Layer, layerOf, over, sizeOf, unknownKeys } from './state-layers.ts'
import { readChanged, readRested, readStanding, type Standing } from './state-standing.ts'

export interface PastStates {
  /** One layer a partition. `isGone`: asked between pages; who left needs no answer. */
  at(tenant: TenantId, positions: readonly number[], isGone?: () => boolean): Promise<Layer[]>
  /** The same from snapshots and the log alone. */
  folded(tenant: TenantId, positions: readonly number[]): Promise<Layer[]>
  /** What had ended before the base, for those of these keys that had. */
  ended(tenant: TenantId, partition: number, base: Base, keys: readonly SoughtKey[]): Promise<FoundRows>
  /** Rows that are held. */
  readonly size: () => number
}

export interface PastStatesOptions {
  readonly pool: Pool
  readonly reader: LogReader
  readonly record?: Pick<MomentRecord, 'nearest'>
  readonly log: Pick<Logger, 'error'>
  readonly mostRows?: number
  /** Agents and runs of a tenant and partition; a moment of more is refused. */
  readonly mostStanding?: number
  /** A layer is closed after so many events: the most that a moment near a held one is folded from. */
  readonly layerEvents?: number
}

/** About 200 MB of rows as they usually are. */
const mostRowsHeld = 400_000
const eventsOfLayer = 1_500
const pageEvents = 1_500
/** States that are no whole layer: where readers stood last. */
const mostLoose = 8

/** The states of one tenant and partition. */
interface Held {
  /** Whole layers, by position. */
  readonly whole: Map<number, Layer>
  readonly loose: Map<number, Layer>
  /** The same, of what is recorded. */
  readonly recorded: Map<number, Layer>
  rows: number
  standing: Standing | undefined
  turn: Promise<unknown>
}

const isMissing = (row: object | undefined) => row === undefined || isLeftOut(row)

/** The oldest leaves. */
function trim(layers: Map<number, Layer>) {
  const [oldest] = layers.keys()
  if (layers.size > mostLoose && oldest !== undefined) layers.delete(oldest)
}

const noBase: Base = { position: 0, rows: noRows(), closed: [] }

const historyGone = (partition: number, oldest: number, needed: number) =>
  new Refused({
    code: 'HISTORY_GONE',
    detail: `The log of partition ${partition} starts at ${oldest}; this moment needs it from ${needed}.`,
  })

export function createPastStates({
  pool,
  reader,
  record,
  log,
  mostRows = mostRowsHeld,
  mostStanding = Number.MAX_SAFE_INTEGER,
  layerEvents = eventsOfLayer,
}: PastStatesOptions): PastStates {
  /** The newest used last. */
  const held = new Map<string, Held>()

  function heldOf(tenant: TenantId, partition: number): Held {
    const key = `${partition} ${tenant}`
    const found = held.get(key) ?? {
      whole: new Map(),
      loose: new Map(),
      recorded: new Map(),
      rows: 0,
      standing: undefined,
      turn: Promise.resolve(),
    }
    held.delete(key)
    held.set(key, found)
    return found
  }

  const size = () => [...held.values()].reduce((sum, { rows, standing }) => sum + rows + (standing?.size ?? 0), 0)

  function forget(other: Held) {
    other.whole.clear()
    other.loose.clear()
    other.rows = 0
    other.standing = undefined
  }

  async function ended(tenant: TenantId, partition: number, base: Base, keys: readonly SoughtKey[]): Promise<FoundRows> {
    if (base.standing !== undefined) return readRested(pool, tenant, partition, base.standing.position, keys)
    const calls = keys.flatMap(({ table, key }) => (table === 'calls' ? [key] : []))
    return Array.from(await readClosed(pool, tenant, partition, base, calls), ([key, call]) => ['calls', key, call] as const)
  }

  /** What went on at the snapshot, and what stands since. */
  async function readBase(own: Held, tenant: TenantId, partition: number, position: number): Promise<Base | undefined> {
    const rows = await readState(pool, tenant, partition, position)
    if (rows === undefined) return undefined
    if (own.standing === undefined || own.standing.upTo < position) own.standing = await readStanding(pool, tenant, partition, mostStanding)
    const standing = { position, standing: own.standing }
    for (const [table, key, row] of await readChanged(pool, tenant, partition, standing, rows))
      (rows[table] as Map<string, typeof row>).set(key, row)
    return { position, rows, closed: [], standing }
  }

  function keep(own: Held, layer: Layer) {
    const isWhole = layer.events === 0 || layer.events >= layerEvents
    const among = isWhole ? own.whole : own.loose
    if (among.has(layer.position)) return
    among.set(layer.position, layer)
    if (isWhole) own.rows += sizeOf(layer)
    trim(own.loose)
    for (const other of held.values()) {
      if (size() <= mostRows) return
      if (other !== own) forget(other)
    }
  }

  /** One stretch alone is more than may be held: it is held from here on, as one layer. */
  function flattened(own: Held, layer: Layer): Layer {
    if (own.rows <= Math.max(mostRows, 2 * sizeOf(layerOf(layer.base)))) return layer
    forget(own)
    const start = layerOf(flat(layer))
    keep(own, start)
    return start
  }

  function nearest(own: Held, upTo: number): Layer | undefined {
    let best: Layer | undefined
    for (const among of [own.whole, own.loose])
      for (const [position, layer] of among) if (position <= upTo && position > (best?.position ?? -1)) best = layer
    return best
  }

  async function fold(own: Held, start: Layer, tenant: TenantId, partition: number, upTo: number, isGone: () => boolean): Promise<Layer> {
    let layer = start
    while (layer.position < upTo) {
      // The next layer begins where this one is whole, so that the same positions are found again, whoever asked first.
      const room = layerEvents - (layer.events % layerEvents)
      const { events, scannedTo } = await reader.readPartition({
        tenant,
        partition,
        after: layer.position,
        upTo,
        limit: Math.min(pageEvents, room),
      })
      if (isGone()) throw new Refused({ code: 'BAD_REQUEST', detail: 'Whoever asked for this moment has left.' })
      const rows = over(layer, layerEvents)
      for (const [table, key, row] of await ended(tenant, partition, layer.base, unknownKeys(layer, events))) rows.set(table, key, row)
      for (const event of events) refold(rows, event, sayRefused(log))
      layer = rows.done(scannedTo, events.length)
      if (layer.events < layerEvents) continue
      keep(own, layer)
      layer = flattened(own, layer)
    }
    keep(own, layer)
    return layer
  }

  /** Undefined: it is not recorded, or an event needs a row that is not. */
  async function recordedAt(
    own: Held,
    tenant: TenantId,
    partition: number,
    upTo: number,
    isGone: () => boolean,
  ): Promise<Layer | undefined> {
    const near = record?.nearest(tenant, partition, upTo)
    if (near?.before === undefined) return near?.layer
    let layer = near.layer
    for (const [position, known] of own.recorded)
      if (known.below === near.layer && position <= upTo && position > layer.position) layer = known
    while (layer.position < upTo) {
      const { events, scannedTo } = await reader.readPartition({ tenant, partition, after: layer.position, upTo, limit: pageEvents })
      if (isGone()) throw new Refused({ code: 'BAD_REQUEST', detail: 'Whoever asked for this moment has left.' })
      const rows = over(layer, Number.POSITIVE_INFINITY, near.layer)
      for (const table of endable)
        for (const [key, row] of near.before[table]) if (isMissing(rows.get(table, key))) rows.set(table, key, row)
      let isKnown = true
      const get: Rows['get'] = (table, key) => {
        const row = rows.get(table, key)
        if (isLeftOut(row)) isKnown = false
        return row
      }
      for (const event of events) refold({ get, set: rows.set }, event, sayRefused(log))
      if (!isKnown) return undefined
      layer = rows.done(scannedTo, events.length)
    }
    own.recorded.set(layer.position, layer)
    trim(own.recorded)
    return layer
  }

  async function layerAt(own: Held, tenant: TenantId, partition: number, upTo: number, isGone: () => boolean): Promise<Layer> {
    const known = nearest(own, upTo)
    if (known?.position === upTo || (known !== undefined && upTo - known.position <= layerEvents))
      return fold(own, known, tenant, partition, upTo, isGone)
    const snapshot = await nearestSnapshot(pool, partition, upTo)
    if (known !== undefined && known.position >= (snapshot?.position ?? 0)) return fold(own, known, tenant, partition, upTo, isGone)
    const base =
      snapshot === undefined
        ? noBase
        : snapshot.spread
          ? await readSpread(pool, tenant, partition, snapshot.position)
          : await readBase(own, tenant, partition, snapshot.position)
    const after = base?.position ?? 0
    const oldest = (await reader.oldest())[partition] ?? 1
    if (after !== upTo && after + 1 < oldest) throw historyGone(partition, oldest, after + 1)
    const start = layerOf(base ?? noBase)
    keep(own, start)
    return fold(own, start, tenant, partition, upTo, isGone)
  }

  const never = () => false
  function inTurns(tenant: TenantId, positions: readonly number[], isGone: () => boolean, find: typeof layerAt): Promise<Layer[]> {
    const oldestOfAll = reader.oldest()
    return Promise.all(
      positions.map((upTo, partition) => {
        const own = heldOf(tenant, partition)
        const mine = own.turn.then(async () => {
          if (isGone()) throw new Refused({ code: 'BAD_REQUEST', detail: 'Whoever asked for this moment has left.' })
          const oldest = (await oldestOfAll)[partition] ?? 1
          // What the retention dropped is not told from memory either.
          if (upTo + 1 < oldest) throw historyGone(partition, oldest, upTo + 1)
          return find(own, tenant, partition, upTo, isGone)
        })
        own.turn = mine.catch(() => undefined)
        return mine
      }),
    )
  }

  return {
    at: (tenant, positions, isGone = never) =>
      inTurns(tenant, positions, isGone, async (...asked) => (await recordedAt(...asked)) ?? layerAt(...asked)),
    folded: (tenant, positions) => inTurns(tenant, positions, never, layerAt),
    ended,
    size,
  }
}
