/** Those who look: the client's feeds, which come back with their cursor, also after their process has crashed. */
import { type Feed, openFeed } from '@signalbox/client/feed.ts'
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState, type LiveState } from '@signalbox/model/live-state.ts'
import { decodeCursor } from '@signalbox/server/live/cursor.ts'
import { contentHash } from '../history/content.ts'
import type { Place } from '../history/history.ts'
import type { Life } from './life.ts'
import type { World } from './world.ts'

export interface Observer {
  readonly name: string
  readonly feed: FeedKind
  readonly filter: Filter
  /** Positions it has reached. */
  readonly positions: () => readonly number[]
  readonly state: () => LiveState
  crash(): void
  close(): void
}

const byPartition = (positions: readonly number[]) => Object.fromEntries(positions.entries())

export function startObserver(world: World, name: string, feed: FeedKind, filter: Filter, partitions: number): Observer {
  const start = Array.from({ length: partitions }, () => 0)
  let held: string | undefined
  let state = createLiveState()
  let life: Life
  let opened: Feed
  let lives = 0
  const isEvents = feed === 'events'
  /** The history knows where it begins. */
  let isTold = false
  const positionsOf = (cursor: string | undefined) => (cursor === undefined ? start : (decodeCursor(cursor)?.positions ?? start))

  function take(frame: ServerFrame): void {
    state.apply(frame)
    if ('cursor' in frame && (frame.kind !== 'snapshot' || frame.last)) held = frame.cursor
    if (!isEvents) return
    if (frame.kind === 'events') {
      const places = frame.items.map((event): Place => [event.partition, event.position, event.id, contentHash(event)])
      world.tell(name, { op: 'observe', type: 'ok', places })
    } else if (frame.kind === 'gap') {
      const [from, to] = [positionsOf(frame.from), positionsOf(frame.cursor)]
      for (const [partition, last] of to.entries())
        if (last > (from[partition] ?? 0))
          world.tell(name, { op: 'observe', type: 'ok', gap: { partition, from: (from[partition] ?? 0) + 1, to: last } })
    } else if (frame.kind === 'resync')
      world.tell(name, { op: 'observe', type: 'ok', resync: { reason: frame.reason, at: byPartition(positionsOf(frame.cursor)) } })
  }

  function begin(): void {
    lives += 1
    const begun = world.begin(`${name}-${lives}`)
    life = begun.life
    state = createLiveState()
    // Rows are in memory alone.
    if (feed === 'state') held = undefined
    opened = openFeed({
      url: begun.url,
      feed,
      filter,
      cursor: held,
      fromStart: true,
      transports: ['ws'],
      clock: life.clock,
      onFrame: take,
      onStatus({ state: status, reason = '' }) {
        if (!isEvents) return
        if (status === 'open') {
          isTold = true
          world.tell(name, { op: 'observe', type: 'invoke', transport: 'ws', after: byPartition(positionsOf(held)) })
        } else if (status === 'waiting' && isTold) world.tell(name, { op: 'observe', type: 'info', error: reason })
      },
      onRefused: ({ code }) => world.violate(`${name} was refused: ${code}`),
    })
    life.onDeath(() => world.time.after(world.random.between(50, 5_000), begin))
  }
  begin()

  return {
    name,
    feed,
    filter,
    positions: () => (life.isAlive() ? positionsOf(held) : start),
    state: () => state,
    crash: () => life.kill(),
    close: () => opened.close(),
  }
}
