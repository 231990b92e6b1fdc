/**
 * OTLP over gRPC, on a port of its own: HTTP/2 in the clear (docs/decisions/0012).
 * No page of another site can speak it, so there is no Host or Origin to look at; a key is looked at as everywhere.
 * Promises: what is held of all messages under way counts with the bodies of all doors; a stop tells connections to go elsewhere, refuses
 * new calls so that they are sent again, and waits for those that are under way.
 */
import { once } from 'node:events'
import { createServer, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Refused } from '../../http/problem.ts'
import type { Caller } from '../../http.ts'
import { type DoorDeps, holding } from '../door.ts'
import { encodeTaken, statusOf } from './answer.ts'
import { messageOf, refuse, succeed } from './grpc-call.ts'
import type { Signal } from './signals.ts'
import type { Take } from './take.ts'

export interface GrpcDeps extends DoorDeps {
  readonly take: Take
  readonly auth: { caller(request: { readonly headers: IncomingHttpHeaders }): Promise<Caller | undefined> }
  readonly config: DoorDeps['config'] & { readonly host: string; readonly bodyTimeoutMs: number; readonly drainMs: number }
}

export interface GrpcDoor {
  /** Answers the port: 0 picks one. Rejects as `listen` does. */
  listen(port: number): Promise<number>
  drain(): void
  /** Waits at most `drainMs` for the calls that are under way, then cuts them. */
  stop(): Promise<void>
}

const methods: Readonly<Record<string, Signal>> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
}

const mostCallsOfConnection = 100
/** A peer that does not answer a ping is gone, and its connection with it. */
const pingEveryMs = 60_000
const pingAnswerMs = 20_000

export function createGrpcDoor(deps: GrpcDeps): GrpcDoor {
  const { auth, clock, config, inFlight, take } = deps
  const server = createServer({ settings: { maxConcurrentStreams: mostCallsOfConnection } })
  const sessions = new Set<Http2Session>()
  let draining = false

  async function callerOf(headers: IncomingHttpHeaders): Promise<Caller> {
    let caller: Caller | undefined
    try {
      caller = await auth.caller({ headers })
    } catch (error) {
      deps.onFault(error)
      throw new Refused({ code: 'STORE_UNAVAILABLE', detail: 'The key could not be looked up: the database is away.', retryAfterMs: 1_000 })
    }
    if (caller === undefined)
      throw new Refused({ code: 'UNAUTHENTICATED', detail: 'The call has no valid key in its metadata "authorization".' })
    if (!caller.scopes.has('ingest')) throw new Refused({ code: 'FORBIDDEN', detail: 'The key lacks the scope "ingest".' })
    return caller
  }

  async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    try {
      if (draining) throw new Refused({ code: 'DRAINING', detail: 'The server is stopping.', retryAfterMs: 2_000 })
      const path = headers[':path'] ?? ''
      const signal = Object.hasOwn(methods, path) ? methods[path] : undefined
      if (signal === undefined) throw new Refused({ code: 'NOT_FOUND', detail: `There is no method ${path.slice(0, 200)}.` })
      const { tenant } = await callerOf(headers)
      const taken = await holding(inFlight, { raw: stream }, async (share) =>
        take(await messageOf(stream, headers, { ...deps, share, onLate: (late) => refuse(stream, statusOf(late), clock) }), {
          signal,
          encoding: 'protobuf',
          tenant,
          backfill: false,
        }),
      )
      succeed(stream, encodeTaken(taken, signal, 'protobuf'))
    } catch (error) {
      const status = statusOf(error)
      if (status.code === 'INTERNAL' && !(error instanceof Refused)) deps.onFault(error)
      refuse(stream, status, clock)
    }
  }

  /** Asks a quiet peer whether it is there. */
  function watch(session: Http2Session): void {
    let cancel = clock.after(pingEveryMs, ping)
    function ping() {
      if (session.destroyed || session.closed) return
      const gone = clock.after(pingAnswerMs, () => session.destroy())
      session.ping(() => {
        gone()
        cancel = clock.after(pingEveryMs, ping)
      })
    }
    session.once('close', () => cancel())
  }

  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    // What a peer does wrong ends its own connection.
    session.on('error', () => session.destroy())
    watch(session)
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined)
    void serve(stream, headers)
  })

  return {
    async listen(port) {
      const listening = once(server, 'listening')
      server.listen({ host: config.host, port })
      await listening
      return (server.address() as AddressInfo).port
    },
    drain() {
      draining = true
      for (const session of sessions) session.close()
    },
    async stop() {
      this.drain()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      const cancel = clock.after(config.drainMs, () => {
        for (const session of sessions) session.destroy()
      })
      await closed
      cancel()
    },
  }
}
