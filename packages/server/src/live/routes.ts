/** The HTTP transports' routes and schemas: SSE on `/v1/stream`, long poll on `/v1/poll`. */
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import type { Clock } from '../clock.ts'
import { wrongParameter } from '../http/parameters.ts'
import { ProblemAnswer } from '../http/problem.ts'
import type { Hub } from './live.ts'
import { poll } from './poll.ts'
import { FeedQuery, PollQuery } from './query.ts'
import { stream } from './sse.ts'

export interface LiveRoutesOptions {
  readonly hub: Hub
  readonly clock: Clock
}

const PollAnswer = Type.Object(
  {
    frames: Type.Array(Type.Any({ description: 'Frames as on the other transports; none when nothing came in time.' })),
    cursor: Type.String({ description: 'For the next poll. Further than the last frame where nothing more matched.' }),
  },
  { additionalProperties: false },
)

const EventStream = {
  description: "Server-sent events until one end closes: `event` is the frame's kind, `id` the cursor after it.",
  content: { 'text/event-stream': { schema: Type.String() } },
}

const about = 'Frames carry `kind`: snapshot, delta, events, gap, resync, heartbeat. A cursor of one transport continues on any other.'

export const liveRoutes =
  ({ hub, clock }: LiveRoutesOptions): FastifyPluginAsync =>
  async (app) => {
    app.setSchemaErrorFormatter(wrongParameter)
    app.get(
      '/v1/stream',
      {
        // HEAD would wait for what GET waits for, and show nothing of it.
        exposeHeadRoute: false,
        config: { scope: 'read' },
        schema: {
          operationId: 'stream',
          tags: ['live'],
          summary: 'Live feed over server-sent events',
          description: `${about} Resume with Last-Event-ID or \`cursor\`.`,
          headers: Type.Object({
            'last-event-id': Type.Optional(Type.String({ description: 'Cursor of the last event taken; goes before `cursor`.' })),
          }),
          querystring: FeedQuery,
          response: { 200: EventStream, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
        },
      },
      (request, reply) => stream({ hub, clock }, request, reply),
    )
    app.get(
      '/v1/poll',
      {
        exposeHeadRoute: false,
        config: { scope: 'read' },
        schema: {
          operationId: 'poll',
          tags: ['live'],
          summary: 'Live feed by long poll',
          description: `${about} Without a cursor: the snapshot (state), or the cursor of now (events).`,
          querystring: PollQuery,
          response: { 200: PollAnswer, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
        },
      },
      (request, reply) => poll({ hub, clock }, request, reply),
    )
  }
