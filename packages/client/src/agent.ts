/**
 * Report what an agent does, without ever throwing into it or making it wait.
 *
 * ```ts
 * const agent = createAgent({ url: 'http://127.0.0.1:4400', agent: 'worker-7', role: 'worker', run: 'nightly' })
 * agent.emit('task.started', { note: 'reading' }, { task: 'docs' })
 * await agent.tool('search', () => search('signalbox'))
 * await agent.stop()
 * ```
 */
import type { EventInput } from '@signalbox/model/event.ts'
import { createIdSource, foreignId } from '@signalbox/model/ids.ts'
import type { ItemRefusal } from '@signalbox/model/live.ts'
import type { AgentRole } from '@signalbox/model/rows.ts'
import { openSpool, type Spool } from './spool.ts'

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
  /** Time between heartbeats; default 10,000 ms, 0 for none. */
  readonly heartbeatMs?: number
  /** Longest an event waits for others; default 50 ms. */
  readonly flushMs?: number
  /** Events held in memory before the oldest go to the spool or are dropped and counted; default 20,000. */
  readonly queueEvents?: number
  /** Node: folder for events while the server is away; each source has its own folder in it, and sends what an earlier process left there. */
  readonly spoolDir?: string
  /** Default 64 MiB. */
  readonly spoolBytes?: number
  /** Told of refused events and of loss; must not throw. */
  readonly onProblem?: (problem: { readonly message: string; readonly refused?: readonly ItemRefusal[] }) => void
}

export interface EmitContext {
  readonly run?: string
  readonly task?: string
  readonly cause?: string
}

export interface AgentStats {
  readonly queued: number
  readonly sent: number
  readonly duplicates: number
  readonly refused: number
  readonly dropped: number
  readonly spooled: number
}

export interface Agent {
  /** A queue push; never throws. Answers the event's id. `data` is written as JSON later: do not change it afterwards. */
  emit(type: string, data?: Record<string, unknown>, context?: EmitContext): string
  /** Runs `work` between tool.started and tool.finished or tool.failed. */
  tool<T>(name: string, work: () => Promise<T> | T, context?: EmitContext): Promise<T>
  /** Resolves when everything emitted so far is acknowledged or spooled, or after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>
  /** agent.stopped, flush, then no more: what is neither acknowledged nor spooled by then is told to `onProblem`. */
  stop(timeoutMs?: number): Promise<void>
  stats(): AgentStats
}

const batchEvents = 500
const batchBytes = 4 * 1_048_576
const requestTimeoutMs = 15_000
const firstRetryMs = 200
const longestRetryMs = 15_000

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly refused: readonly ItemRefusal[]
}

interface Away {
  readonly retry: true
  readonly why: string
  readonly afterMs: number
}

export function createAgent(options: AgentOptions): Agent {
  const source = options.source ?? options.agent
  const epoch = Date.now()
  const nextId = createIdSource(Date.now)
  const queueEvents = options.queueEvents ?? 20_000
  let seq = 0
  let queue: EventInput[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let failures = 0
  let notBeforeMs = 0
  let away = ''
  let onDisk = false
  let stopped = false
  let ended = false
  let sent = 0
  let duplicates = 0
  let refused = 0
  let dropped = 0
  let spooled = 0
  let unreported = 0
  const idle = new Set<() => void>()
  const spool: Promise<Spool | undefined> = openDisk()

  async function openDisk(): Promise<Spool | undefined> {
    if (options.spoolDir === undefined) return undefined
    try {
      const folder = `${options.spoolDir}/${foreignId(source, 'spool', '', 0)}`
      return await openSpool(folder, options.spoolBytes ?? 64 * 1_048_576)
    } catch (error) {
      tell({ message: `The spool cannot be used: ${(error as Error).message}` })
      return undefined
    }
  }

  function tell(problem: { message: string; refused?: readonly ItemRefusal[] }) {
    try {
      options.onProblem?.(problem)
    } catch {
      // A broken observer must not break the agent; the figures in stats() still tell.
    }
  }

  function push(type: string, data: Record<string, unknown>, context: EmitContext = {}): string {
    const id = nextId()
    const run = context.run ?? options.run
    queue.push({
      id,
      source,
      type,
      time: new Date().toISOString(),
      agent: options.agent,
      seq: seq++,
      epoch,
      data,
      ...(run === undefined ? {} : { run }),
      ...(context.task === undefined ? {} : { task: context.task }),
      ...(context.cause === undefined ? {} : { cause: context.cause }),
    })
    if (queue.length > queueEvents) {
      queue.shift()
      dropped += 1
      unreported += 1
    }
    if (failures > 0 && queue.length > queueEvents / 2) void spill()
    else schedule(queue.length >= batchEvents ? 0 : (options.flushMs ?? 50))
    return id
  }

  function schedule(ms: number) {
    if (running || ended || timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      void pump()
    }, ms)
    // A server that is away must not keep a finished process alive; a first attempt may.
    if (failures > 0 && typeof timer === 'object' && 'unref' in timer) timer.unref()
  }

  /** The front of the queue as one body. Data that cannot be written as JSON is replaced, so that it stops neither the queue nor the count. */
  function front(): EventInput[] {
    const batch: EventInput[] = []
    let bytes = 0
    for (const event of queue) {
      let taken = event
      try {
        bytes += JSON.stringify(event).length
      } catch (error) {
        taken = { ...event, data: { unwritable: String(error) } }
        queue[batch.length] = taken
        tell({ message: `The data of ${event.type} ${event.id} cannot be written as JSON and was left out: ${String(error)}` })
      }
      if (batch.length === batchEvents || (batch.length > 0 && bytes > batchBytes)) break
      batch.push(taken)
    }
    return batch
  }

  async function post(events: readonly EventInput[]): Promise<Answer | Away> {
    try {
      const response = await fetch(`${options.url}/v1/events`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-ndjson',
          ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
        },
        body: events.map((event) => JSON.stringify(event)).join('\n'),
        signal: AbortSignal.timeout(requestTimeoutMs),
      })
      if (response.ok) return (await response.json()) as Answer
      const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; refused?: ItemRefusal[] }
      const message = problem.detail ?? `The server answered ${response.status}.`
      // A missing or revoked key is put right by people; the events are not at fault.
      if (response.status >= 500 || [401, 403, 404, 408, 429].includes(response.status)) {
        return { retry: true, why: message, afterMs: 1_000 * (Number(response.headers.get('retry-after')) || 0) }
      }
      if (response.status === 413 && events.length > 1) return await postHalves(events)
      return {
        accepted: 0,
        duplicates: 0,
        refused: problem.refused ?? events.map(({ id }, index) => ({ index, id, code: problem.code ?? 'BAD_REQUEST', message })),
      }
    } catch (error) {
      return { retry: true, why: (error as Error).message, afterMs: 0 }
    }
  }

  async function postHalves(events: readonly EventInput[]): Promise<Answer | Away> {
    const half = Math.ceil(events.length / 2)
    const first = await post(events.slice(0, half))
    if ('retry' in first) return first
    const second = await post(events.slice(half))
    // The first half is sent again with the second then, and is a duplicate.
    if ('retry' in second) return second
    return {
      accepted: first.accepted + second.accepted,
      duplicates: first.duplicates + second.duplicates,
      refused: [...first.refused, ...second.refused.map((item) => ({ ...item, index: item.index + half }))],
    }
  }

  function settle(answer: Answer) {
    failures = 0
    away = ''
    sent += answer.accepted
    duplicates += answer.duplicates
    refused += answer.refused.length
    if (answer.refused.length > 0)
      tell({ message: `${answer.refused.length} events were refused: ${answer.refused[0]?.message}`, refused: answer.refused })
  }

  /** Takes what was sent off the queue, whose front may have been dropped meanwhile. */
  function forget(batch: readonly EventInput[]) {
    const last = batch.at(-1)
    if (last !== undefined) queue = queue.slice(queue.indexOf(last) + 1)
  }

  function fail({ why, afterMs }: Pick<Away, 'why' | 'afterMs'>) {
    failures += 1
    notBeforeMs = afterMs
    if (away === '') tell({ message: `${options.url} does not take events: ${why}. They are kept and sent again.` })
    away = why
  }

  /** True when the spool is empty afterwards. */
  async function drainSpool(disk: Spool): Promise<boolean> {
    for (;;) {
      const segment = await disk.oldest()
      onDisk = segment !== undefined
      if (segment === undefined) return true
      for (let i = 0; i < segment.events.length; i += batchEvents) {
        const answer = await post(segment.events.slice(i, i + batchEvents))
        if ('retry' in answer) {
          fail(answer)
          return false
        }
        settle(answer)
      }
      await segment.remove()
      spooled = Math.max(0, spooled - segment.events.length)
    }
  }

  async function moveToDisk(disk: Spool) {
    for (let batch = front(); batch.length > 0; batch = front()) {
      await disk.append(batch)
      onDisk = true
      spooled += batch.length
      forget(batch)
    }
  }

  /** Makes room in memory between two attempts. */
  async function spill() {
    if (running) return
    running = true
    try {
      const disk = await spool
      if (disk !== undefined) await moveToDisk(disk)
    } catch (error) {
      tell({ message: `The spool failed: ${(error as Error).message}` })
    } finally {
      running = false
      settleDown()
    }
  }

  /** Loss is never silent: the log itself says how many are missing. */
  function reportLoss(disk: Spool | undefined) {
    const spoolLost = disk?.takeDropped() ?? 0
    dropped += spoolLost
    unreported += spoolLost
    if (unreported === 0) return
    const lost = unreported
    unreported = 0
    push('log', { level: 'warn', message: `${lost} events of ${source} were dropped while the server was away`, dropped: lost })
    tell({ message: `${lost} events were dropped: the queue or the spool was full.` })
  }

  async function pump(): Promise<void> {
    if (running) return
    running = true
    try {
      const disk = await spool
      for (;;) {
        const emptied = disk === undefined || (await drainSpool(disk))
        if (emptied) reportLoss(disk)
        const batch = front()
        if (emptied && batch.length === 0) break
        const answer = emptied ? await post(batch) : undefined
        if (answer !== undefined && !('retry' in answer)) {
          forget(batch)
          settle(answer)
          continue
        }
        if (answer !== undefined) fail(answer)
        if (disk !== undefined) await moveToDisk(disk)
        break
      }
    } catch (error) {
      fail({ why: (error as Error).message, afterMs: 0 })
    } finally {
      running = false
      settleDown()
    }
  }

  function settleDown() {
    for (const done of idle) done()
    if (failures > 0 && (queue.length > 0 || onDisk))
      schedule(notBeforeMs + Math.random() * Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 10)))
    else if (queue.length > 0) schedule(0)
  }

  const heartbeatMs = options.heartbeatMs ?? 10_000
  const announced = heartbeatMs > 0 ? { intervalMs: heartbeatMs } : {}
  const { role, name, manager, model } = options
  push('agent.started', {
    ...announced,
    ...(role && { role }),
    ...(name && { name }),
    ...(manager && { manager }),
    ...(model && { model }),
  })
  const heartbeat = heartbeatMs > 0 ? setInterval(() => push('agent.heartbeat', announced), heartbeatMs) : undefined
  if (typeof heartbeat === 'object' && 'unref' in heartbeat) heartbeat.unref()

  const agent: Agent = {
    emit(type, data = {}, context = {}) {
      if (stopped) return ''
      try {
        return push(type, data, context)
      } catch (error) {
        dropped += 1
        unreported += 1
        tell({ message: `An event could not be taken: ${String(error)}` })
        return ''
      }
    },
    async tool(tool, work, context) {
      const call = nextId()
      agent.emit('tool.started', { call, name: tool }, context)
      try {
        const result = await work()
        agent.emit('tool.finished', { call, name: tool }, context)
        return result
      } catch (error) {
        agent.emit('tool.failed', { call, name: tool, error: error instanceof Error ? error.message : String(error) }, context)
        throw error
      }
    },
    async flush(timeoutMs = 10_000) {
      const until = Date.now() + timeoutMs
      // Between two attempts the disk is nearer than the server.
      if (failures > 0) await spill()
      while ((queue.length > 0 || running) && Date.now() < until) {
        schedule(0)
        await new Promise<void>((resume) => {
          const finish = () => {
            idle.delete(finish)
            clearTimeout(late)
            resume()
          }
          const late = setTimeout(finish, Math.max(1, until - Date.now()))
          idle.add(finish)
        })
      }
    },
    async stop(timeoutMs) {
      if (stopped) return
      push('agent.stopped', {})
      stopped = true
      clearInterval(heartbeat)
      await agent.flush(timeoutMs)
      ended = true
      clearTimeout(timer)
      if (queue.length > 0)
        tell({ message: `${queue.length} events of ${source} were not sent: ${away === '' ? 'no time was left' : away}.` })
    },
    stats: () => ({ queued: queue.length, sent, duplicates, refused, dropped, spooled }),
  }
  return agent
}
