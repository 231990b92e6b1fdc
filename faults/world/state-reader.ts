/** A reader of the state feed: what it holds in the end has to be what the log folds to, whatever it went through. */
import type { TransportName } from '@signalbox/client/transport.ts'
import { createLiveState, type LiveRows } from '@signalbox/model/live-state.ts'
import { keepFeed, positionsOf } from './feed.ts'

export interface StateReader {
  reached(positions: readonly number[]): boolean
  readonly rows: LiveRows
  resyncs(): number
  close(): void
}

export function readState(url: string, transport: TransportName, isSlow = false): StateReader {
  const state = createLiveState()
  let cursor: string | undefined
  let resyncs = 0
  const feed = keepFeed({
    url,
    transport,
    feed: 'state',
    isSlow,
    onConnect: () => cursor,
    onFrame(frame) {
      // As the protocol has it: what does not go on from the cursor held means that something was lost.
      if ('from' in frame && frame.from !== cursor) return false
      if (frame.kind === 'resync') resyncs += 1
      state.apply(frame)
      if (frame.kind === 'resync') cursor = undefined
      else if (frame.kind === 'delta' || frame.kind === 'heartbeat' || (frame.kind === 'snapshot' && frame.last)) cursor = frame.cursor
      return true
    },
    onLost: () => undefined,
  })
  return {
    reached(positions) {
      const held = cursor === undefined ? [] : positionsOf(cursor).positions
      return positions.every((position, partition) => (held[partition] ?? 0) >= position)
    },
    rows: state,
    resyncs: () => resyncs,
    close: feed.close,
  }
}
