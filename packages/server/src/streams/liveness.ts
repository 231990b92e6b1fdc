/**
 * Liveness: an agent that announced heartbeats and fell silent is marked lost, by an event in the log, so that replay sees it too.
 * Silence is measured by the server's clock, from when the agent's newest event came in.
 */
import type { Event, TenantId } from '@signalbox/model/event.ts'
import { joinAgents, serverSource } from '@signalbox/model/fold/agent.ts'
import { foreignId, partitionOf } from '@signalbox/model/ids.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'

export interface LivenessOptions {
  readonly pool: Pool
  readonly broker: Pick<Broker, 'publish'>
  readonly partitions: number
  readonly config: { readonly agentLostAfter: number }
  readonly clock: Clock
  readonly log: Logger
}

const checkMs = 1_000
/** Imported history is not silence: its agents' events lie further back than this when they come in. */
const historyMs = 60 * 60_000

export async function findLost(pool: Pool, now: number, lostAfter: number): Promise<{ tenant: TenantId; agent: AgentRow }[]> {
  const { rows } = await pool.query<{ tenant: string; parts: AgentRow[] }>(
    `select tenant, json_agg(body) as parts from projections
     where tbl = 'agents' and tenant <> 'signalbox' and (body->>'heartbeatIntervalMs') is not null group by tenant, key`,
  )
  return rows.flatMap(({ tenant, parts }) => {
    const agent = joinAgents(parts)
    if (agent?.heartbeatIntervalMs === undefined) return []
    const status = agent.status?.value
    const silentMs = now - agent.lastReceivedAt
    const history = agent.lastReceivedAt - agent.lastSeenAt > historyMs
    return status === 'lost' || status === 'stopped' || history || silentMs < lostAfter * agent.heartbeatIntervalMs
      ? []
      : [{ tenant, agent }]
  })
}

export function startLiveness({ pool, broker, partitions, config, clock, log }: LivenessOptions): {
  stop(): void
  check(): Promise<number>
} {
  let stopped = false

  async function check(): Promise<number> {
    const now = clock.now()
    const lost = await findLost(pool, now, config.agentLostAfter)
    for (const { tenant, agent } of lost) {
      const allowedMs = config.agentLostAfter * (agent.heartbeatIntervalMs ?? 0)
      const data = { status: 'lost', detail: `No sign of life within ${allowedMs / 1_000} s.` }
      const run = agent.run?.value
      const event: Event = {
        // The same silence gives the same event, whoever notices it and however often.
        id: foreignId(serverSource, `${tenant}/${agent.id}/${agent.lastReceivedAt}`, 'agent.status', agent.lastReceivedAt),
        tenant,
        source: serverSource,
        type: 'agent.status',
        time: Math.max(agent.lastReceivedAt + allowedMs, (agent.status?.at ?? 0) + 1),
        run,
        agent: agent.id,
        data,
        dataJson: JSON.stringify(data),
      }
      await broker.publish({
        partition: partitionOf(tenant, run ?? agent.id, partitions),
        events: [event],
        backfill: false,
        receivedAt: now,
      })
    }
    return lost.length
  }

  let cancel = () => {}
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
    stop() {
      stopped = true
      cancel()
    },
  }
}
