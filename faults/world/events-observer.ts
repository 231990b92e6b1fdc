/** A reader of the events feed, from the oldest event on and across every fault. */

import type { TransportName } from '@signalbox/client/transport.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import { encodeCursor } from '@signalbox/server/live/cursor.ts'
import { contentHash } from '../history/content.ts'
import type { Place, Told } from '../history/history.ts'
import { byPartition, keepFeed, positionsOf } from './feed.ts'

export interface Observer {
  /** Whether it has read up to these positions. */
  reached(positions: readonly number[]): boolean
  resyncs(): number
  close(): void
}

export interface ObserverParts {
  readonly url: string
  readonly transport: TransportName
  readonly partitions: number
  readonly tell: (entry: Told) => void
  /** Between two times at which it comes back with the cursor of another log, and has to be told so; 0: never. */
  readonly strayMs: number
  readonly isSlow?: boolean
}

export const placeOf = (event: StoredEvent): Place => [event.partition, event.position, event.id, contentHash(event)]

const otherEpoch = 'ffffffff'

export function observeEvents({ url, transport, partitions, tell, strayMs, isSlow = false }: ObserverParts): Observer {
  let cursor: string | undefined
  let resyncs = 0
  let strays = false

  const feed = keepFeed({
    url,
    transport,
    feed: 'events',
    isSlow,
    onConnect() {
      const held = cursor === undefined ? undefined : positionsOf(cursor)
      const epoch = strays ? otherEpoch : held?.epoch
      const positions = held?.positions ?? Array.from({ length: partitions }, () => 0)
      tell({ op: 'observe', type: 'invoke', transport, after: byPartition(positions), ...(epoch === undefined ? {} : { epoch }) })
      if (!strays || held === undefined) return cursor
      strays = false
      return encodeCursor({ epoch: otherEpoch, positions: [...held.positions] })
    },
    onFrame(frame) {
      if (frame.kind === 'events') {
        tell({ op: 'observe', type: 'ok', places: frame.items.map(placeOf) })
        cursor = frame.cursor
        // At once, so that the shortest run sees one.
        if (strayMs > 0 && resyncs === 0) {
          strays = true
          return false
        }
      } else if (frame.kind === 'gap') {
        const from = positionsOf(frame.from).positions
        positionsOf(frame.cursor).positions.forEach((to, partition) => {
          const after = from[partition] ?? 0
          if (to > after) tell({ op: 'observe', type: 'ok', gap: { partition, from: after + 1, to } })
        })
        cursor = frame.cursor
      } else if (frame.kind === 'resync') {
        const { epoch, positions } = positionsOf(frame.cursor)
        resyncs += 1
        tell({ op: 'observe', type: 'ok', resync: { reason: frame.reason, at: byPartition(positions), epoch } })
        cursor = frame.cursor
      } else if (frame.kind === 'heartbeat') cursor = frame.cursor
      return true
    },
    onLost: (error) => tell({ op: 'observe', type: 'info', error }),
  })
  const straying =
    strayMs === 0
      ? undefined
      : setInterval(() => {
          strays = cursor !== undefined
          feed.drop()
        }, strayMs)

  return {
    reached(positions) {
      const held = cursor === undefined ? [] : positionsOf(cursor).positions
      return positions.every((position, partition) => (held[partition] ?? 0) >= position)
    },
    resyncs: () => resyncs,
    close() {
      clearInterval(straying)
      feed.close()
    },
  }
}
