/**
 * The HTTP front shared by every stage: one Fastify instance on one port.
 * It checks Host and Origin, finds the caller, and turns refusals into RFC 9457 problems. Routes are given by the stages.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { TenantId } from '@signalbox/model/event.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { type Clock, systemClock } from './clock.ts'
import { addressesOf, isAllowed } from './http/allow.ts'
import { createPaths } from './http/paths.ts'
import { problemOf, Refused, type RefusedInit, refuseRaw } from './http/problem.ts'
import { createSecondPort } from './http/second-port.ts'
import { createStanding } from './http/standing.ts'
import { createUpgrades, type Found, type Upgrades, type Where } from './http/upgrades.ts'
import { webSocketRoute } from './http/web-socket-route.ts'
import { nextTurn } from './turns.ts'

export type { Upgrades }

export type Scope = 'ingest' | 'read' | 'admin'

/** Who is calling. On loopback without keys: tenant "default" with every scope. */
export interface Caller {
  readonly tenant: TenantId
  readonly scopes: ReadonlySet<Scope>
  readonly keyId?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyContextConfig {
    /** Scope a caller needs; absent means open (health, dashboard files). */
    scope?: Scope
    /** The caller is not to wait for the database (`promptCaller`): the route asks again before what was sent takes effect. */
    promptly?: boolean
    /** Served on the port of OTLP too, as nothing else is. */
    otlp?: boolean
  }
}

export interface HttpOptions {
  readonly config: {
    readonly host: string
    readonly port: number
    readonly allowedHosts: string
    readonly allowedOrigins: string
    readonly bodyTimeoutMs: number
    readonly maxBodyBytes: number
    readonly drainMs: number
  }
  readonly auth: {
    caller(request: IncomingMessage): Promise<Caller | undefined>
    promptCaller?(request: IncomingMessage): Promise<Caller | undefined>
  }
  readonly log: Logger
  readonly clock?: Clock
}

export type HttpApp = FastifyInstance<import('node:http').Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

export interface Http {
  readonly app: HttpApp
  readonly upgrades: Upgrades
  /** Listens; answers the base URL. */
  listen(): Promise<string>
  /** Listens on one more port (0 picks one) for the routes of OTLP. Rejects as `listen` does. */
  listenForOtlp(port: number): Promise<number>
  /** From now on new requests (but health checks) get 503 DRAINING; what is under way goes on. */
  drain(): void
  /** Waits at most `drainMs` for the requests and sockets that are open now, then cuts what is left. */
  stop(): Promise<void>
}

/** A connection on which nothing moves either way for this long is cut: its peer does not read. Longer than any poll, heartbeat or idle keep-alive. */
const stalledMs = 120_000
const stopping: RefusedInit = { code: 'DRAINING', detail: 'The server is stopping.', retryAfterMs: 2_000 }
const drainOpenPaths = new Set(['/livez', '/readyz', '/metrics'])

export function createHttp({ config, auth, log, clock = systemClock }: HttpOptions): Http {
  const connectionsCheckingInterval = Math.min(1_000, config.bodyTimeoutMs)
  const app = Fastify({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: config.bodyTimeoutMs,
    connectionTimeout: stalledMs,
    keepAliveTimeout: 72_000,
    genReqId: () => randomUUID(),
    forceCloseConnections: true,
    clientErrorHandler: refuseUnreadable,
    routerOptions: { maxParamLength: 600 },
    // What is wrong with a request before it has a route: its path cannot be decoded.
    frameworkErrors: (error, request, reply) => void answer(error, request, reply),
    // A request without a Host is refused like one with a wrong Host, by a problem.
    http: {
      requireHostHeader: false,
      headersTimeout: Math.min(10_000, config.bodyTimeoutMs),
      connectionsCheckingInterval,
    },
    // `strictNumbers` would take "Infinity" for an integer and not hold it to its bounds.
    ajv: { customOptions: { coerceTypes: 'array', removeAdditional: false, useDefaults: true, strictNumbers: false } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  const allowed = addressesOf(config)
  const paths = createPaths()
  app.addHook('onRoute', ({ url, method }) => paths.add(url, method))
  const unknown = ({ method, url }: Pick<FastifyRequest, 'method' | 'url'>) => new Refused(paths.refusal(method, url.split('?')[0] ?? ''))
  const otlpPort = createSecondPort(app.server, { connectionsCheckingInterval })
  const underWay = new Set<ServerResponse>()
  app.server.on('request', (_request, response) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
  })
  let draining = false

  const scopes = new WeakMap<IncomingMessage, Scope>()
  const standing = createStanding({
    clock,
    async mayStay(request) {
      const scope = scopes.get(request)
      return scope !== undefined && ((await auth.caller(request))?.scopes.has(scope) ?? false)
    },
    onFault: (error) => log.warn({ err: error }, 'the keys of open connections could not be asked for'),
  })
  /** Only who came with a key can lose it. */
  function watch(request: IncomingMessage, { keyId }: Caller, scope: Scope | undefined, end: () => void): () => void {
    if (keyId === undefined || scope === undefined) return () => {}
    scopes.set(request, scope)
    return standing.add(request, end)
  }

  const refusalOf = async (request: IncomingMessage, scope: Scope | undefined, where: Where, promptly = false): Promise<Found> => {
    const wrong = isAllowed(request.headers, allowed)
    if (wrong !== undefined) return { refused: { code: 'ORIGIN_REFUSED', detail: wrong } }
    let caller: Caller | undefined
    try {
      caller = await (promptly && auth.promptCaller !== undefined ? auth.promptCaller(request) : auth.caller(request))
    } catch (error) {
      // Health checks and the page's own files need no key, and so no database.
      if (scope !== undefined) {
        const code = 'STORE_UNAVAILABLE'
        log.warn({ err: error, ...where, status: refusals[code].status, code }, 'a key could not be looked up')
        return { refused: { code, detail: 'The key could not be looked up: the database is away.', retryAfterMs: 1_000 } }
      }
    }
    if (scope === undefined) return { caller: caller ?? { tenant: 'default', scopes: new Set() } }
    if (caller === undefined) return { refused: { code: 'UNAUTHENTICATED', detail: 'The request has no valid key.' } }
    if (!caller.scopes.has(scope)) return { refused: { code: 'FORBIDDEN', detail: `The key lacks the scope "${scope}".` } }
    return { caller }
  }

  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
    if (draining && !drainOpenPaths.has(request.url)) throw new Refused(stopping)
    const { scope, promptly } = request.routeOptions.config
    const found = await refusalOf(request.raw, scope, whereOf(request), promptly)
    if ('refused' in found) throw new Refused(found.refused)
    // Before its body is read, of whatever type that is.
    if (request.is404 || (otlpPort.has(request.raw) && request.routeOptions.config.otlp !== true)) throw unknown(request)
    request.caller = found.caller
    const { raw } = reply
    // Gone while its key was looked up: its close was told already, and it would be asked about for ever.
    if (!raw.destroyed)
      raw.once(
        'close',
        watch(request.raw, found.caller, scope, () => raw.destroy()),
      )
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // Its next request finds another server, or this one again.
    if (draining) reply.header('connection', 'close')
    done()
  })
  function answer(error: FastifyError, request: Answered, reply: FastifyReply) {
    const { problem, headers } = problemOf(error, request.id)
    const { status, code } = problem
    const said = () => ({ err: error, ...whereOf(request), status, code })
    if (code === 'INTERNAL') log.error(said(), 'a request failed')
    else if (code === 'STORE_UNAVAILABLE' && !(error instanceof Refused)) log.warn(said(), 'a request found the database away')
    return reply.headers(headers).code(status).type('application/problem+json').send(JSON.stringify(problem))
  }
  app.setErrorHandler(answer)
  app.setNotFoundHandler((request) => {
    throw unknown(request)
  })

  const upgrades = createUpgrades(app.server, {
    maxPayload: config.maxBodyBytes,
    log,
    find: refusalOf,
    watch,
    refusedNow: () => (draining ? stopping : undefined),
  })

  return {
    app,
    upgrades: {
      on(path, scope, ...more) {
        upgrades.on(path, scope, ...more)
        app.get(path, webSocketRoute(scope), () => {
          throw new Refused({ code: 'UPGRADE_REQUIRED', detail: `${path} is a WebSocket, and this request asks for none.` })
        })
      },
    },
    async listen() {
      await app.listen({ host: config.host, port: config.port })
      const address = app.server.address()
      const port = typeof address === 'object' && address !== null ? address.port : config.port
      allowed.ports.add(port)
      const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host
      return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    },
    async listenForOtlp(wanted) {
      const port = await otlpPort.listen(config.host, wanted)
      allowed.ports.add(port)
      return port
    },
    drain() {
      draining = true
    },
    async stop() {
      draining = true
      standing.stop()
      await settled(() => [...underWay, ...upgrades.clients], config.drainMs)
      for (const socket of upgrades.clients) socket.terminate()
      await Promise.all([otlpPort.close(), app.close()])
    },
  }
}

/** What is wrong before there is a route has none. */
type Answered = Pick<FastifyRequest, 'id' | 'raw'> & Partial<Pick<FastifyRequest, 'routeOptions'>>
const whereOf = ({ id, raw, routeOptions }: Answered): Where => ({ reqId: id, method: raw.method ?? '', route: routeOptions?.url })

/** Resolves when all that is open has closed, and in one more turn nothing came that had been on its way. */
async function settled(open: () => readonly (ServerResponse | WebSocket)[], withinMs: number): Promise<void> {
  let isLate = false
  let giveUp = () => {}
  const late = new Promise<void>((resume) => {
    giveUp = resume
  })
  const timer = setTimeout(() => {
    isLate = true
    giveUp()
  }, withinMs)
  for (let found = open(); !isLate; found = open()) {
    await Promise.race([late, Promise.all(found.map((one) => new Promise((resume) => one.once('close', resume))))])
    await nextTurn()
    if (open().length === 0) break
  }
  clearTimeout(timer)
}

/** Answers what never became a request: bytes that are not HTTP, or that came too slowly. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    refuseRaw(socket, { code: 'BODY_TIMEOUT', detail: 'The request did not arrive in time.' })
  else refuseRaw(socket, { code: 'BAD_REQUEST', detail: `The request is not HTTP: ${error.message.slice(0, 200)}.` })
}
