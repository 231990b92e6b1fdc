/** Where a reader goes on: its cursor against the log as it is. */
import type { FeedKind } from '@signalbox/model/live.ts'
import type { Heads, LogReader } from '../store/store.ts'
import type { Ring } from './ring.ts'

export type ResyncReason = 'epoch' | 'expired' | 'future'

export type Place =
  /** Events without a cursor: from here on. */
  | { readonly kind: 'now' }
  /** `held`: the reader spells this place by a former epoch, and must hear of the new one first. */
  | { readonly kind: 'at'; readonly positions: readonly number[]; readonly held?: Heads }
  | { readonly kind: 'snapshot' }
  /** The cursor is of no use. State: a snapshot follows. Events: they go on after `positions`. */
  | { readonly kind: 'resync'; readonly reason: ResyncReason; readonly positions: readonly number[] }

export interface Asked {
  readonly feed: FeedKind
  readonly cursor?: Heads | undefined
  /** Events without a cursor: from the oldest kept. */
  readonly fromStart?: boolean | undefined
}

interface Log {
  readonly epoch: string
  /** Of the same log, when another fold made its rows. */
  readonly formerEpochs: readonly string[]
  readonly ring: Ring
  readonly reader: Pick<LogReader, 'heads' | 'oldest'>
  /** A state reader further behind gets a snapshot: it is shorter than what changed since. */
  readonly maxLagEvents: number
}

export async function placeOf(
  { feed, cursor, fromStart }: Asked,
  { epoch, formerEpochs, ring, reader, maxLagEvents }: Log,
): Promise<Place> {
  if (cursor === undefined) {
    if (feed === 'state') return { kind: 'snapshot' }
    return fromStart === true ? { kind: 'at', positions: (await reader.oldest()).map((position) => position - 1) } : { kind: 'now' }
  }
  const { positions } = cursor
  // Rows of another fold are of no use to deltas; events are what they were.
  const isFormer = feed === 'events' && formerEpochs.includes(cursor.epoch)
  const at: Place = isFormer ? { kind: 'at', positions, held: cursor } : { kind: 'at', positions }
  if ((cursor.epoch !== epoch && !isFormer) || positions.length !== ring.heads.length)
    return { kind: 'resync', reason: 'epoch', positions: [...ring.heads] }
  // Ahead of the commits announced here is common; ahead of the store means a log that lost its tail without a new epoch.
  if (isAhead(positions, ring.heads) && isAhead(positions, (await reader.heads()).positions))
    return { kind: 'resync', reason: 'future', positions: [...ring.heads] }
  if (feed === 'state') {
    // The place before the first event is also what a reader holds whose snapshot broke off.
    const hasNothing = positions.every((position) => position === 0)
    return hasNothing || lagOf(positions, ring.heads) > maxLagEvents ? { kind: 'snapshot' } : at
  }
  if (positions.every((position, partition) => ring.covers(partition, position))) return at
  const oldest = await reader.oldest()
  if (positions.every((position, i) => position + 1 >= (oldest[i] ?? 1))) return at
  return { kind: 'resync', reason: 'expired', positions: positions.map((position, i) => Math.max(position, (oldest[i] ?? 1) - 1)) }
}

export const isAhead = (a: readonly number[], b: readonly number[]): boolean => a.some((position, i) => position > (b[i] ?? 0))
export const isSame = (a: readonly number[], b: readonly number[]): boolean => a.every((position, i) => position === b[i])
/** Positions from the one place to the other. */
export const lagOf = (from: readonly number[], to: readonly number[]): number =>
  to.reduce((sum, position, i) => sum + position - (from[i] ?? 0), 0)
