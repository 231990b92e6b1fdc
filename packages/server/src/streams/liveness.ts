/**
 * Liveness: an agent that announced heartbeats and fell silent is marked lost, by an event in the log, so that replay sees it too.
 *
 * In: agents' rows, from the bus and at start from the store. Out: `agent.status` events through the broker. Silence is measured by the
 * server's clock, from when the agent's newest event came in, and only while the server itself could hear: a server that was away, asleep
 * or without its store gives every agent its full time again.
 */
import type { Event, TenantId } from '@signalbox/model/event.ts'
import { serverSource } from '@signalbox/model/fold/agent.ts'
import { foreignId, idTime, partitionKey, partitionOf } from '@signalbox/model/ids.ts'
import type { AgentRow, AgentStatus } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import type { Projections } from '../store/projections.ts'
import { type AgentName, createRoster, type Lost, loadAgents, loadRoster, type Returned } from './roster.ts'

export interface LivenessOptions {
  readonly pool: Pool
  readonly projections: Pick<Projections, 'caughtUp'>
  readonly bus: CommitBus
  readonly broker: Pick<Broker, 'publish'>
  readonly partitions: number
  readonly config: { readonly agentLostAfter: number }
  readonly metrics: Pick<Metrics, 'unwatched'>
  readonly mostAgents?: number
  readonly clock: Clock
  readonly log: Logger
}

export interface Liveness {
  /** Marks who is lost by now; answers how many. The monitor does this by itself every second. */
  check(): Promise<number>
  stop(): Promise<void>
}

const checkMs = 1_000
/** A check that comes this late means that the process stood still: it heard nobody. */
const stoodStillMs = 10 * checkMs
/** Most events of one submission. */
const mostEvents = 500

/** Agents watched at once; a row of each for every partition it worked in, about 1 KiB. */
const mostWatched = 100_000

export function startLiveness(options: LivenessOptions): Liveness {
  const { pool, projections, bus, broker, partitions, config, metrics, clock, log } = options
  const roster = createRoster(options.mostAgents ?? mostWatched)
  let isFull = false
  const heads: (number | undefined)[] = Array.from({ length: partitions }, () => undefined)
  /** Since when we could hear. */
  let hearingSince = clock.now()
  let checkedAt = clock.now()
  let isLoaded = false
  /** Who came in and was not yet looked up in the other partitions. */
  let unread: readonly AgentName[] = []
  let stopped = false
  let checking: Promise<number> = Promise.resolve(0)
  let cancel = () => {}

  const unsubscribe = bus.subscribe((commit) => {
    const head = heads[commit.partition]
    // A commit we were not told of: what it said of agents is read again.
    if (head !== undefined && commit.from > head + 1) isLoaded = false
    heads[commit.partition] = commit.to
    for (const { tenant, table, row, position } of commit.rows)
      if (table === 'agents') roster.put(tenant, commit.partition, row as AgentRow, position)
  })

  function statusEvent(tenant: TenantId, agent: AgentRow, id: Event['id'], status: AgentStatus, detail: string, time: number): Event {
    const data = { status, detail }
    return {
      id,
      tenant,
      source: serverSource,
      type: 'agent.status',
      // Later than what it overrides, whatever clock that came from.
      time: Math.max(time, (agent.status?.at ?? 0) + 1),
      run: agent.run?.value,
      agent: agent.id,
      data,
      dataJson: JSON.stringify(data),
    }
  }

  function lostEvent({ tenant, agent, silentSince, allowedMs }: Lost): Event {
    // The same silence gives the same event, whoever notices it and however often.
    const id = foreignId(serverSource, `${tenant}/${agent.id}/${silentSince}`, 'agent.status', silentSince)
    return statusEvent(tenant, agent, id, 'lost', `No sign of life within ${allowedMs / 1_000} s.`, silentSince + allowedMs)
  }

  /** Within its partition the fold ends "lost" with the next event; from another partition it cannot see it. */
  function backEvent({ tenant, agent }: Returned): Event {
    const id = foreignId(serverSource, `${tenant}/${agent.id}/${agent.status?.by}`, 'agent.status back', agent.lastReceivedAt)
    const status = agent.inFlight.length > 0 ? 'busy' : 'idle'
    return statusEvent(tenant, agent, id, status, 'Heard again.', agent.lastReceivedAt)
  }

  async function publish(all: readonly Event[], now: number): Promise<void> {
    const groups = new Map<string, { readonly tenant: TenantId; readonly partition: number; readonly events: Event[] }>()
    for (const event of all) {
      const partition = partitionOf(event.tenant, partitionKey(event), partitions)
      const key = `${partition}/${event.tenant}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { tenant: event.tenant, partition, events: [event] })
      else group.events.push(event)
    }
    for (const { tenant, partition, events } of groups.values()) {
      for (let from = 0; from < events.length; from += mostEvents) {
        const some = events.slice(from, from + mostEvents)
        // Backfill: a silence may have begun before the retention, while the server was away.
        // No id of ours is of the future, also where the clock was set back since the time that it has.
        const receivedAt = some.reduce((latest, { id }) => Math.max(latest, idTime(id)), now)
        const { outcomes } = await broker.publish({ partition, events: some, backfill: true, receivedAt })
        outcomes.forEach((outcome, i) => {
          const event = some[i]
          if (event?.agent === undefined || outcome.kind === 'stored') return
          if (outcome.kind === 'refused') log.warn({ agent: event.agent, code: outcome.code }, 'an agent could not be marked')
          roster.drop(tenant, event.agent)
        })
      }
    }
  }

  async function look(): Promise<number> {
    if (stopped) return 0
    const now = clock.now()
    if (now - checkedAt > stoodStillMs) hearingSince = now
    checkedAt = now
    try {
      return await mark(now)
    } catch (error) {
      // The store was away, so agents could not reach it either.
      hearingSince = clock.now()
      throw error
    }
  }

  async function mark(now: number): Promise<number> {
    if (!isLoaded) {
      await projections.caughtUp()
      isLoaded = true
      await loadRoster(pool, roster).catch((error: unknown) => {
        isLoaded = false
        throw error
      })
    }
    const turnedAway = roster.turnedAway()
    metrics.unwatched.inc({ what: 'agents' }, turnedAway)
    if (turnedAway > 0 && !isFull)
      log.warn({ agents: roster.size() }, 'no more agents can be watched: others that fall silent are not marked lost')
    isFull = turnedAway > 0
    const arrivals = [...unread, ...roster.arrivals()]
    unread = arrivals
    if (arrivals.length > 0) await projections.caughtUp()
    await loadAgents(pool, roster, arrivals)
    const lost = roster.lost(now, config.agentLostAfter, hearingSince)
    await publish([...roster.returned(arrivals).map(backEvent), ...lost.map(lostEvent)], now)
    unread = []
    return lost.length
  }

  /** One look after the other. */
  function check(): Promise<number> {
    checking = checking.then(look, look)
    return checking
  }

  const tick = () => {
    check()
      .catch((error: unknown) => log.warn({ err: error }, 'looking for lost agents failed; trying again'))
      .finally(() => {
        if (!stopped) cancel = clock.after(checkMs, tick)
      })
  }
  cancel = clock.after(checkMs, tick)
  return {
    check,
    async stop() {
      stopped = true
      cancel()
      unsubscribe()
      await checking.catch(() => undefined)
    },
  }
}
