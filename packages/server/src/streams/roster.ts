/** The agents that announced heartbeats and are not known as gone. Bounded: who comes while it is full is not watched until it comes again and another has left. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'

export interface Lost {
  readonly tenant: TenantId
  readonly agent: AgentRow
  /** When its newest event came in. */
  readonly silentSince: EpochMs
  readonly allowedMs: number
}

export interface Returned {
  readonly tenant: TenantId
  readonly agent: AgentRow
}

export interface AgentName {
  readonly tenant: TenantId
  readonly agent: string
}

export interface Roster {
  /** A row of the agent; older ones than known are ignored. */
  put(tenant: TenantId, partition: number, row: AgentRow, position: number): void
  drop(tenant: TenantId, agent: string): void
  /** Who came in since this was last asked: only the row that brought it is known. */
  arrivals(): AgentName[]
  /** Of these, who is still marked lost in another partition than the one it was heard in since. */
  returned(names: readonly AgentName[]): Returned[]
  /** Who was silent for `lostAfter` of its intervals, counted from `hearingSince` at the earliest. */
  lost(now: EpochMs, lostAfter: number, hearingSince: EpochMs): Lost[]
  readonly size: () => number
  /** How often since this was last asked an agent came and found no place. */
  turnedAway(): number
}

/** Imported history is not silence: its agents' events lie further back than this when they come in. */
const historyMs = 60 * 60_000

type Parts = Map<number, { readonly row: AgentRow; readonly position: number }>

interface Member {
  readonly tenant: TenantId
  readonly parts: Parts
  lastReceivedAt: EpochMs
  intervalMs: number
}

const joinRows = (parts: Parts) => joinAgents([...parts.values()].map(({ row }) => row))
const isHeardSince = (agent: AgentRow, at: EpochMs) => agent.lastReceivedAt > at
const isHistory = (agent: AgentRow) => agent.lastReceivedAt - agent.lastSeenAt > historyMs

export function createRoster(mostAgents: number): Roster {
  const members = new Map<string, Member>()
  let arrived: AgentName[] = []
  let turnedAway = 0
  const keyOf = (tenant: TenantId, agent: string) => `${tenant}\u0000${agent}`
  return {
    put(tenant, partition, row, position) {
      const key = keyOf(tenant, row.id)
      let member = members.get(key)
      if (member === undefined) {
        if (row.heartbeatIntervalMs === undefined || row.status?.value === 'lost' || row.status?.value === 'stopped') return
        if (members.size >= mostAgents) {
          turnedAway += 1
          return
        }
        member = { tenant, parts: new Map(), lastReceivedAt: 0, intervalMs: 0 }
        members.set(key, member)
        arrived.push({ tenant, agent: row.id })
      }
      if ((member.parts.get(partition)?.position ?? 0) > position) return
      member.parts.set(partition, { row, position })
      member.lastReceivedAt = Math.max(member.lastReceivedAt, row.lastReceivedAt)
      member.intervalMs = Math.max(member.intervalMs, row.heartbeatIntervalMs ?? 0)
    },
    drop(tenant, agent) {
      members.delete(keyOf(tenant, agent))
    },
    arrivals() {
      const names = arrived
      arrived = []
      return names
    },
    returned(names) {
      return names.flatMap(({ tenant, agent: id }) => {
        const parts = members.get(keyOf(tenant, id))?.parts
        const agent = parts === undefined ? undefined : joinRows(parts)
        return agent !== undefined && agent.status?.value === 'lost' && isHeardSince(agent, agent.status.at) && !isHistory(agent)
          ? [{ tenant, agent }]
          : []
      })
    },
    lost(now, lostAfter, hearingSince) {
      const found: Lost[] = []
      for (const [key, { tenant, parts, lastReceivedAt, intervalMs }] of members) {
        if (now - Math.max(lastReceivedAt, hearingSince) < lostAfter * intervalMs) continue
        const agent = joinRows(parts)
        const status = agent?.status?.value
        if (agent === undefined || status === 'lost' || status === 'stopped' || isHistory(agent)) members.delete(key)
        else found.push({ tenant, agent, silentSince: lastReceivedAt, allowedMs: lostAfter * intervalMs })
      }
      return found
    },
    size: () => members.size,
    turnedAway() {
      const count = turnedAway
      turnedAway = 0
      return count
    },
  }
}

const pageRows = 2_000

/** All rows of these agents. Index: primary key of projections. */
export async function loadAgents(pool: Pool, roster: Roster, names: readonly AgentName[]): Promise<void> {
  for (let from = 0; from < names.length; from += pageRows) {
    const some = names.slice(from, from + pageRows)
    const { rows } = await pool.query<{ tenant: TenantId; partition: number; position: string; body: AgentRow }>(
      `select k.tenant, p.partition, p.position, p.body from unnest($1::text[], $2::text[]) as k (tenant, key), lateral
         (select partition, position, body from projections where tenant = k.tenant and tbl = 'agents' and key = k.key offset 0) p`,
      [some.map(({ tenant }) => tenant), some.map(({ agent }) => agent)],
    )
    for (const { tenant, partition, position, body } of rows) roster.put(tenant, partition, body, Number(position))
  }
}

/** Reads every agent's rows, a page at a time, one tenant after the other. Index: primary key of projections. */
export async function loadRoster(pool: Pool, roster: Roster): Promise<void> {
  for (let tenant = ''; ; ) {
    const { rows: next } = await pool.query<{ tenant: string }>(
      'select tenant from projections where tenant > $1 order by tenant limit 1',
      [tenant],
    )
    if (next[0] === undefined) return
    tenant = next[0].tenant
    await loadTenant(pool, roster, tenant)
  }
}

async function loadTenant(pool: Pool, roster: Roster, tenant: TenantId): Promise<void> {
  let last: Awaited<ReturnType<typeof readAgents>>[number] | undefined
  /** Rows of the agent at the end of a page: its other rows may be on the next. */
  let parts: (typeof last)[] = []
  const admit = () => {
    const rows = parts.flatMap((part) => part ?? [])
    const agent = joinAgents(rows.map(({ body }) => body))
    if (agent?.heartbeatIntervalMs === undefined || agent.status?.value === 'stopped') return
    if (agent.status?.value === 'lost' && !isHeardSince(agent, agent.status.at)) return
    // Those with an interval first: they open the agent's place.
    rows.sort((a, b) => (b.body.heartbeatIntervalMs ?? 0) - (a.body.heartbeatIntervalMs ?? 0))
    for (const { partition, body, position } of rows) roster.put(tenant, partition, body, Number(position))
  }
  for (;;) {
    const rows: Awaited<ReturnType<typeof readAgents>> = await readAgents(pool, tenant, last)
    for (const row of rows) {
      if (last !== undefined && row.key !== last.key) {
        admit()
        parts = []
      }
      parts.push(row)
      last = row
    }
    if (rows.length < pageRows) break
  }
  admit()
}

async function readAgents(pool: Pool, tenant: TenantId, after: { readonly key: string; readonly partition: number } | undefined) {
  const { rows } = await pool.query<{ key: string; partition: number; position: string; body: AgentRow }>(
    `select key, partition, position, body from projections
     where tenant = $1 and tbl = 'agents' and (key, partition) > ($2, $3) order by key, partition limit $4`,
    [tenant, after?.key ?? '', after?.partition ?? -1, pageRows],
  )
  return rows
}
