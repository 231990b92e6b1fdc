/**
 * Report what an agent does, without ever throwing into it or making it wait.
 *
 * ```ts
 * const agent = createAgent({ url: 'http://127.0.0.1:4400', agent: 'worker-7', role: 'worker', run: 'nightly' })
 * await agent.task('Write the docs', async (task) => {
 *   await agent.tool('search', () => search('signalbox'), { task })
 * })
 * await agent.stop()
 * ```
 */
import type { EventInput } from '@signalbox/model/event.ts'
import { createIdSource, foreignId } from '@signalbox/model/ids.ts'
import type { AgentRole } from '@signalbox/model/rows.ts'
import { openSpool } from '#spool'
import { type Clock, longestTimerMs, systemClock } from './clock.ts'
import { startHeartbeat } from './heartbeat.ts'
import { shareIngestLine } from './ingest-lines.ts'
import { createSender, type Problem } from './sender.ts'
import type { Spool } from './spool.ts'
import type { Wire } from './wire.ts'
import { createBestWire } from './wire-best.ts'
import { createRestWire } from './wire-rest.ts'
import { createWork, type EmitContext, type Work } from './work.ts'

export interface AgentOptions {
  /** Base URL of the server. */
  readonly url: string
  readonly key?: string
  readonly agent: string
  readonly role?: AgentRole
  readonly name?: string
  readonly manager?: string
  readonly model?: string
  /** Producer name, one process one name; default the agent's. */
  readonly source?: string
  readonly run?: string
  /** "ws": a WebSocket shared by the agents of this process, REST where there is none (default). "rest": a request a batch. */
  readonly transport?: 'ws' | 'rest'
  /** Whether large batches go compressed over the WebSocket; default unless the server is on this machine. */
  readonly compress?: boolean
  /** Time between heartbeats, to the millisecond; default 10,000 ms, 0 for none. */
  readonly heartbeatMs?: number
  /** Longest an event waits for others; default 50 ms. */
  readonly flushMs?: number
  /** Events held in memory before the oldest go to the spool or are dropped and counted; default 20,000. */
  readonly queueEvents?: number
  /** Node: folder for events while the server is away; each source has its own folder in it, and sends what an earlier process left there. */
  readonly spoolDir?: string
  /** Default 64 MiB. */
  readonly spoolBytes?: number
  /** Told of refused events and of loss; what it throws is ignored. */
  readonly onProblem?: (problem: Problem) => void
  /** Default the system's. */
  readonly clock?: Clock
}

export interface AgentStats {
  /** In memory, not yet acknowledged. */
  readonly queued: number
  readonly sent: number
  /** Of agents that share a WebSocket only their sum is exact. */
  readonly duplicates: number
  readonly refused: number
  readonly dropped: number
  /** On disk, written by this process. */
  readonly spooled: number
}

export interface Agent extends Work {
  readonly id: string
  /** What its events are of, unless they say otherwise. */
  readonly run: string | undefined
  /** A queue push; never throws. Answers the event's id. `data` is written as JSON later: do not change it afterwards. */
  emit(type: string, data?: Record<string, unknown>, context?: EmitContext): string
  /** Resolves when everything emitted so far is acknowledged or spooled, or after `timeoutMs` (default 10,000). */
  flush(timeoutMs?: number): Promise<void>
  /** agent.stopped, flush, then no more: what is neither acknowledged nor spooled by then is told to `onProblem`. */
  stop(timeoutMs?: number): Promise<void>
  stats(): AgentStats
}

/** Whole, as a server takes it; 0 is none. */
const paceOf = (ms: number) => (ms > 0 ? Math.min(Math.ceil(ms), longestTimerMs) : 0)

export function createAgent(options: AgentOptions): Agent {
  const clock = options.clock ?? systemClock
  const url = options.url.replace(/\/+$/, '')
  const source = options.source ?? options.agent
  const epoch = clock.now()
  const nextId = createIdSource(clock.now)
  let seq = 0
  let stopped = false

  function tell(problem: Problem) {
    try {
      options.onProblem?.(problem)
    } catch {
      // A broken observer must not break the agent; the figures in stats() still tell.
    }
  }

  function eventOf(type: string, data: Record<string, unknown>, context: EmitContext = {}): EventInput {
    const run = context.run ?? options.run
    return {
      id: nextId(),
      source,
      type,
      time: new Date(clock.now()).toISOString(),
      agent: context.agent ?? options.agent,
      seq: seq++,
      epoch,
      data,
      ...(run === undefined ? {} : { run }),
      ...(context.task === undefined ? {} : { task: context.task }),
      ...(context.cause === undefined ? {} : { cause: context.cause }),
    }
  }

  const sender = createSender({
    wire: wireOf(url, options, clock),
    spool: openDisk(source, options, tell),
    clock,
    flushMs: options.flushMs ?? 50,
    queueEvents: options.queueEvents ?? 20_000,
    server: url,
    tell,
    lossEvent: (lost) =>
      eventOf('log', { level: 'warn', message: `${lost} events of ${source} were dropped while the server was away`, dropped: lost }),
  })

  function emit(type: string, data: Record<string, unknown> = {}, context: EmitContext = {}): string {
    if (stopped) return ''
    try {
      const event = eventOf(type, data, context)
      sender.push(event)
      return event.id ?? ''
    } catch (error) {
      sender.lose()
      tell({ message: `An event could not be taken: ${String(error)}` })
      return ''
    }
  }

  const heartbeatMs = paceOf(options.heartbeatMs ?? 10_000)
  const announced = heartbeatMs > 0 ? { intervalMs: heartbeatMs } : {}
  const { role, name, manager, model } = options
  emit('agent.started', {
    ...announced,
    ...(role && { role }),
    ...(name && { name }),
    ...(manager && { manager }),
    ...(model && { model }),
  })
  const stopHeartbeat = startHeartbeat(clock, heartbeatMs, () => emit('agent.heartbeat', announced))
  // A page that is left may not come back.
  const page = typeof addEventListener === 'function' ? globalThis : undefined
  page?.addEventListener('pagehide', sender.hurry)

  return {
    id: options.agent,
    run: options.run,
    emit,
    ...createWork(emit, nextId),
    flush: (timeoutMs = 10_000) => sender.flush(timeoutMs),
    async stop(timeoutMs = 10_000) {
      if (stopped) return
      emit('agent.stopped')
      stopped = true
      stopHeartbeat()
      page?.removeEventListener('pagehide', sender.hurry)
      await sender.flush(timeoutMs)
      const { unsent, why } = sender.end()
      if (unsent > 0) tell({ message: `${unsent} events of ${source} were not sent: ${why}.` })
    },
    stats: sender.stats,
  }
}

function wireOf(url: string, { key, transport = 'ws', compress }: AgentOptions, clock: Clock): Wire {
  const rest = createRestWire(url, key)
  if (transport === 'rest' || typeof WebSocket !== 'function') return rest
  return createBestWire(shareIngestLine(url, key, clock, compress), rest, clock)
}

async function openDisk(source: string, options: AgentOptions, tell: (problem: Problem) => void): Promise<Spool | undefined> {
  if (options.spoolDir === undefined) return undefined
  const folder = `${options.spoolDir}/${foreignId(source, 'spool', '', 0)}`
  try {
    return await openSpool(folder, options.spoolBytes ?? 64 * 1_048_576, (path, error) =>
      tell({ message: `The spool leaves ${path} as it is: ${error instanceof Error ? error.message : String(error)}` }),
    )
  } catch (error) {
    tell({ message: `The spool cannot be used: ${error instanceof Error ? error.message : String(error)}` })
    return undefined
  }
}
