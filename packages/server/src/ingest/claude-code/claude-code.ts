/**
 * The door of Claude Code's hooks: `POST /v1/hooks/claude-code`, the body as Claude Code sends it. docs/doors/claude-code.md.
 *
 * In: one hook a request. Out: `{}` once it is read and has its place in a bounded queue, whatever the store does: the agent waits for the
 * answer. So the answer is no acknowledgement. Promises: it never decides anything for the agent; a body that is no hook is refused and
 * quarantined; what is not kept is counted and told.
 */
import { isUtf8 } from 'node:buffer'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import { clip } from '@signalbox/model/text.ts'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import Type from 'typebox'
import { ProblemAnswer, Refused } from '../../http/problem.ts'
import type { Caller } from '../../http.ts'
import type { Metrics } from '../../ops/metrics.ts'
import { createByAge } from '../by-age.ts'
import { bodyOf, type DoorDeps, deliver, holding, type Mapped, takeAnyBody } from '../door.ts'
import type { Share } from '../in-flight.ts'
import { type Hook, readHook } from './hook.ts'
import { eventsOf } from './mapping.ts'
import { createHookQueue, type QueueOptions } from './queue.ts'
import { arrivalOf, createSessions, trim } from './sessions.ts'

export interface ClaudeCodeDeps extends DoorDeps {
  /** Who sends with these headers, as the database has it now. */
  readonly auth: { caller(request: Pick<FastifyRequest['raw'], 'headers'>): Promise<Caller | undefined> }
  readonly metrics: Pick<Metrics, 'events' | 'hooksDropped' | 'hooksQueued'>
  readonly log: Pick<Logger, 'warn'>
  readonly bounds?: Pick<QueueOptions, 'mostHooks' | 'mostBytes'>
}

export interface ClaudeCodeDoor {
  readonly plugin: FastifyPluginAsync
  /** Stores what waits, for at most `withinMs`. */
  stop(withinMs: number): Promise<void>
}

const door = 'claude-code-hooks'
/** Of a body that is no hook, for people to look at. */
const keptChars = 10_000
/** Hooks of tool calls that came lately. */
const mostRecent = 20_000
const mostCallers = 10_000

export function claudeCodeDoor(deps: ClaudeCodeDeps): ClaudeCodeDoor {
  const { clock, metrics, log, onFault, bounds } = deps
  const sessions = createSessions()
  const recent = createByAge<true>()
  const queue = createHookQueue({
    deliver: (mapped, options) => deliver(mapped, deps, options),
    door,
    clock,
    metrics,
    onFault,
    onDropping: (reason) => log.warn({ reason }, 'hooks of agents are answered and dropped'),
    onDropped: (hooks) => log.warn({ hooks }, 'hooks of agents were answered and dropped'),
    ...bounds,
  })
  const asking = askers(deps.auth)

  function take(bytes: Buffer, { caller, headers }: FastifyRequest) {
    const { tenant, keyId } = caller
    const mayEnter = keyId === undefined ? undefined : asking(keyId, headers.authorization ?? '')
    const value = parsed(bytes)
    const read = readHook(value, bytes)
    if (!read.ok) {
      const code = value === undefined ? 'MALFORMED_JSON' : 'BAD_REQUEST'
      queue.put({ tenant, session: undefined, mayEnter, mapped: [refusedItem(code, read.message, bytes)] })
      throw new Refused({ code, detail: read.message })
    }
    const { session } = read.hook
    const repeats = `${tenant}/${session}/${read.hook.digest}`
    const ofCall = read.hook.body.tool_use_id !== undefined
    if (ofCall && recent.get(repeats) === true) return count(metrics)
    const known = sessions.of(tenant, session)
    const hook: Hook = { ...read.hook, at: arrivalOf(known, clock.now()) }
    const mapped = eventsOf(hook, known).map((event): Mapped => ({ item: 0, event }))
    // What it told of the session was not told then.
    if (!queue.put({ tenant, session, mayEnter, mapped })) return sessions.forget(tenant, session)
    if (!ofCall) return
    recent.put(repeats, true)
    if (recent.size() > mostRecent) recent.takeOldest()
  }

  async function serve(request: FastifyRequest, reply: FastifyReply, share: Share) {
    take(await bodyOf(request, deps, share), request)
    return reply.type('application/json').send('{}')
  }

  return {
    stop: queue.stop,
    plugin: async (app) => {
      takeAnyBody(app)
      app.post(
        '/v1/hooks/claude-code',
        { config: { scope: 'ingest', promptly: true }, validatorCompiler: () => () => true, schema },
        (request, reply) => holding(deps.inFlight, reply, (share) => serve(request, reply, share)),
      )
    },
  }
}

const schema = {
  operationId: 'sendClaudeCodeHook',
  tags: ['ingest'],
  summary: 'Send a hook of Claude Code',
  description:
    'For `type: "http"` hooks of Claude Code, as it sends them. Answers `{}` at once, before the hook is stored: the agent waits for the answer. So 200 is no acknowledgement; hooks wait in a bounded queue for the store. Nothing is ever decided for the agent.',
  consumes: ['application/json'],
  body: Type.Object({ session_id: Type.String(), hook_event_name: Type.String() }, { additionalProperties: true }),
  response: { 200: Type.Object({}, { additionalProperties: false }), '4xx': ProblemAnswer, '5xx': ProblemAnswer },
}

/** One function a key, so that hooks of one key are stored together. */
function askers(auth: ClaudeCodeDeps['auth']) {
  const held = new Map<string, () => Promise<boolean>>()
  return (keyId: string, authorization: string) => {
    const known = held.get(keyId)
    if (known !== undefined) return known
    const ask = async () => (await auth.caller({ headers: { authorization } }))?.scopes.has('ingest') ?? false
    held.set(keyId, ask)
    trim(held, mostCallers)
    return ask
  }
}

function parsed(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

const refusedItem = (code: RefusalCode, message: string, bytes: Buffer): Mapped => ({
  item: 0,
  refused: { code, message },
  value: clip(bytes.toString(), keptChars),
})

/** A hook that came twice, byte for byte. */
function count({ events }: Pick<Metrics, 'events'>) {
  for (const fate of ['received', 'duplicate']) events.inc({ door, fate })
}
