/**
 * A tenant's rows in a form that is the same for the same events, however they came.
 *
 * Left out is what tells of their coming: positions, when the server received them, and whether an agent whose task somebody else ended
 * was idle since: that frees it only from what it was at when the end came. What is a list in order of coming is sorted.
 */
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { AgentRow, AgentStatus, RowOf, RunRow, Table } from '@signalbox/model/rows.ts'
import { canonicalJson } from '../../history/content.ts'

interface StoredRow {
  readonly tbl: Table
  readonly key: string
  readonly body: RowOf[Table]
}

/** Canonical JSON by table and key. */
export function canonicalRows(stored: readonly StoredRow[]): ReadonlyMap<string, string> {
  const parts = Map.groupBy(stored, ({ tbl, key }) => `${tbl} ${key}`)
  return new Map(
    [...parts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, rows]) => [
        name,
        canonicalJson(
          canonical(
            rows[0]?.tbl ?? 'runs',
            rows.map(({ body }) => body),
          ),
        ),
      ]),
  )
}

const calm = (status: AgentStatus) => (status === 'busy' || status === 'waiting' || status === 'stuck' ? 'idle' : status)

function canonical(table: Table, parts: readonly RowOf[Table][]): unknown {
  if (table === 'agents') {
    const { lastReceivedAt: _, freedAt: __, status, inFlight, ...agent } = joinAgents(parts as readonly AgentRow[]) ?? ({} as AgentRow)
    return { ...agent, status: status && { ...status, value: calm(status.value) }, inFlight: inFlight.map(({ call }) => call).sort() }
  }
  const [row] = parts
  return table === 'runs' ? { ...row, agents: (row as RunRow).agents.toSorted() } : row
}
