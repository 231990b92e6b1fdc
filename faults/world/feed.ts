/** One live feed over one transport, taken up again after each loss. Unlike the SDK's own it hides nothing: what the server says goes on as it came. */

import type { Connection, Listener, TransportName, Wanted } from '@signalbox/client/transport.ts'
import { openPoll } from '@signalbox/client/transport-poll.ts'
import { openStream } from '@signalbox/client/transport-sse.ts'
import { openWebSocket } from '@signalbox/client/transport-ws.ts'
import type { FeedKind, ServerFrame } from '@signalbox/model/live.ts'
import { decodeCursor } from '@signalbox/server/live/cursor.ts'
import { openSlowSocket } from './slow-socket.ts'

const opens: { readonly [T in TransportName]: (wanted: Wanted, listener: Listener) => Connection } = {
  ws: openWebSocket,
  sse: openStream,
  poll: openPoll,
}
/** The world's servers beat every two seconds; a poll is silent for as long as it waits, 25 s. */
const deadAfterMs = { ws: 8_000, sse: 8_000, poll: 35_000 } as const
const firstRetryMs = 50
const longestRetryMs = 1_000

export interface FeedOptions {
  readonly url: string
  readonly transport: TransportName
  readonly feed: FeedKind
  /** Over a WebSocket that gives the server little room. */
  readonly isSlow?: boolean
  /** Before each connection; answers the cursor to go on after, undefined for the start. */
  readonly onConnect: () => string | undefined
  /** Answering false gives the connection up. */
  readonly onFrame: (frame: ServerFrame) => boolean
  readonly onLost: (why: string) => void
}

export interface OpenFeed {
  /** As if the network had done it. */
  drop(): void
  close(): void
}

export function keepFeed({ url, transport, feed, isSlow = false, onConnect, onFrame, onLost }: FeedOptions): OpenFeed {
  let connection: Connection | undefined
  let generation = 0
  let failures = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined

  function watch(of: number) {
    clearTimeout(timer)
    timer = setTimeout(() => lose(of, 'nothing came for too long'), deadAfterMs[transport])
  }
  function lose(of: number, why: string) {
    if (of !== generation || closed) return
    generation += 1
    clearTimeout(timer)
    connection?.close()
    failures += 1
    onLost(why)
    timer = setTimeout(connect, Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 10)))
  }
  function connect() {
    generation += 1
    const mine = generation
    watch(mine)
    const cursor = onConnect()
    connection = (isSlow ? openSlowSocket : opens[transport])(
      { url, feed, filter: {}, cursor, fromStart: feed === 'events' },
      {
        onOpen() {},
        onFrame(frame) {
          if (mine !== generation || closed) return
          watch(mine)
          failures = 0
          if (frame.kind === 'goaway') return
          if (!onFrame(frame)) lose(mine, 'given up')
        },
        onLost: (why) => lose(mine, why),
        onRefused: (refusal) => lose(mine, `refused: ${refusal.code} ${refusal.message}`),
      },
    )
  }
  connect()

  return {
    drop: () => lose(generation, 'dropped by the reader'),
    close() {
      closed = true
      clearTimeout(timer)
      connection?.close()
    },
  }
}

export function positionsOf(cursor: string): { readonly epoch: string; readonly positions: readonly number[] } {
  const heads = decodeCursor(cursor)
  if (heads === undefined) throw new Error(`The server gave a cursor that is none: ${cursor}`)
  return heads
}

export const byPartition = (positions: readonly number[]): Record<number, number> => Object.fromEntries(positions.entries())
