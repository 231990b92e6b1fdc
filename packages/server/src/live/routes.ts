/** The HTTP transports: SSE on `/v1/stream`, long poll on `/v1/poll`. */
import type { FastifyPluginAsync } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Clock } from '../clock.ts'
import { Problem, Refused } from '../http/problem.ts'
import type { Encoded } from './frames.ts'
import type { Hub, Subscribed } from './hub.ts'
import { FeedQuery, filterOf } from './query.ts'

export interface LiveRoutesOptions {
  readonly hub: Hub
  readonly clock: Clock
}

const badCursor = () => new Refused({ code: 'BAD_CURSOR', detail: 'The cursor is not one of ours.' })
const noRoom = () =>
  new Refused({ code: 'TOO_MANY_CONNECTIONS', detail: 'The server takes no further live connection now.', retryAfterMs: 5_000 })

const PollQuery = Type.Object({
  ...FeedQuery.properties,
  wait: Type.Integer({ minimum: 0, maximum: 60, default: 25, description: 'Seconds to wait for something to send.' }),
})
const PollAnswer = Type.Object(
  {
    frames: Type.Array(Type.Any({ description: 'Frames as on the other transports.' })),
    cursor: Type.String({ description: 'For the next poll.' }),
  },
  { additionalProperties: false },
)

/** A long poll answers with what it has when this much is gathered; the rest is for the next one. */
const pollBytes = 1024 * 1024

export const liveRoutes =
  ({ hub, clock }: LiveRoutesOptions): FastifyPluginAsync =>
  async (app) => {
    const about = 'Frames carry `kind`: snapshot, delta, events, gap, resync, heartbeat. A cursor of one transport continues on any other.'
    app.get(
      '/v1/stream',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'stream',
          tags: ['live'],
          summary: 'Live feed over server-sent events',
          description: `${about} Resume with Last-Event-ID or \`cursor\`.`,
          querystring: FeedQuery,
          response: { '4xx': Problem },
        },
      },
      async (request, reply) => {
        const query = request.query as Static<typeof FeedQuery>
        const last = request.headers['last-event-id']
        const cursor = typeof last === 'string' && last !== '' ? last : query.cursor
        const raw = reply.raw
        const early: Encoded[] = []
        let open = false
        const write = (frame: Encoded) => (open ? void raw.write(frame.payload) : void early.push(frame))
        const seat = hub.enter('sse', () =>
          raw.end('event: goaway\ndata: {"kind":"goaway","reason":"drain","reconnectInMs":[500,5000]}\n\n'),
        )
        if (seat === undefined) throw noRoom()
        const subscribed = hub.subscribe(
          {
            tenant: request.caller.tenant,
            feed: query.feed,
            filter: filterOf(query),
            framing: 'sse',
            cursor,
            fromStart: query.from === 'start',
          },
          { write, pending: () => raw.writableLength, close: () => raw.destroy() },
        )
        if (subscribed === undefined) {
          seat.leave()
          throw badCursor()
        }
        reply.hijack()
        raw.writeHead(200, {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
          'x-content-type-options': 'nosniff',
        })
        // A comment at once: proxies and clients see that the stream is open; the cursor lets a reconnect resume from here.
        raw.write(`: signalbox\nid: ${subscribed.cursor}\nretry: 1000\n\n`)
        open = true
        for (const frame of early) raw.write(frame.payload)
        raw.on('drain', () => subscribed.drained())
        raw.on('error', () => raw.destroy())
        raw.on('close', () => {
          seat.leave()
          subscribed.close()
        })
      },
    )

    app.get(
      '/v1/poll',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'poll',
          tags: ['live'],
          summary: 'Live feed by long poll',
          description: `${about} Without a cursor: the snapshot (state), or the cursor of now (events).`,
          querystring: PollQuery,
          response: { 200: PollAnswer, '4xx': Problem },
        },
      },
      async (request, reply) => {
        const query = request.query as Static<typeof PollQuery>
        const seat = hub.enter('poll', () => finish())
        if (seat === undefined) throw noRoom()
        const frames: string[] = []
        let bytes = 0
        let cursor = query.cursor
        let subscribed: Subscribed | undefined
        let finish = () => {}
        const ended = new Promise<void>((resolve) => {
          finish = resolve
        })
        let settling = false
        /** Ends once the reader is up with the log, so that a poll brings all there is. */
        const settle = () => {
          if (settling) return
          settling = true
          setImmediate(() => {
            settling = false
            if (bytes >= pollBytes || (subscribed?.isLive() === true && frames.length > 0)) finish()
            else if (frames.length > 0) settle()
          })
        }
        subscribed = hub.subscribe(
          {
            tenant: request.caller.tenant,
            feed: query.feed,
            filter: filterOf(query),
            framing: 'json',
            cursor,
            fromStart: query.from === 'start',
          },
          {
            write(frame) {
              cursor = frame.cursor
              if (frame.kind === 'heartbeat') return
              frames.push(String(frame.payload))
              bytes += frame.payload.length
              settle()
            },
            // Past the answer's size the session is held where it is.
            pending: () => (bytes >= pollBytes ? Number.POSITIVE_INFINITY : 0),
            close: () => finish(),
          },
        )
        if (subscribed === undefined) {
          seat.leave()
          throw badCursor()
        }
        cursor ??= subscribed.cursor
        const cancel = clock.after(query.wait * 1_000, () => finish())
        request.raw.socket.once('close', finish)
        // Without a cursor an event feed has nothing to wait for: the client wants to know where now is.
        if (query.cursor === undefined && query.feed === 'events' && query.from === undefined) finish()
        await ended
        cancel()
        request.raw.socket.off('close', finish)
        subscribed.close()
        seat.leave()
        return reply
          .header('cache-control', 'no-store')
          .type('application/json')
          .send(`{"frames":[${frames.join(',')}],"cursor":${JSON.stringify(cursor)}}`)
      },
    )
  }
