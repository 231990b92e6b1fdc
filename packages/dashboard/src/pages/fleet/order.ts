/** Which agents the fleet shows, in which groups and order. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'

export const groupings = ['manager', 'role', 'status', 'run', 'none'] as const
export type Grouping = (typeof groupings)[number]

export type Line =
  | { readonly kind: 'head'; readonly name: string; readonly count: number; readonly busy: number; readonly troubled: number }
  | { readonly kind: 'agents'; readonly ids: readonly string[] }

export const nameOf = (agent: AgentRow) => agent.name?.value ?? agent.id
export const tokensOf = ({ totals }: AgentRow) => totals.inputTokens + totals.outputTokens

/** As the filter and the figures name it; an agent that was only ever mentioned has none of its own. */
export const statuses = ['busy', 'waiting', 'stuck', 'lost', 'idle', 'stopped', 'seen'] as const
export type Status = (typeof statuses)[number]
const statusOf = (agent: AgentRow): Status => agent.status?.value ?? 'seen'

const noRole = 'no role'
const roleOf = (agent: AgentRow) => agent.role?.value ?? noRole

const groupOf: Record<Grouping, (agent: AgentRow) => string> = {
  manager: (agent) => agent.manager?.value ?? (agent.role?.value === 'manager' ? agent.id : 'no manager'),
  role: roleOf,
  status: (agent) => agentLook(agent.status?.value).words,
  run: (agent) => agent.run?.value ?? 'no run',
  none: () => '',
}

/** What a column is ordered by. Texts begin with the first, figures with the greatest. */
const sortables = {
  agent: nameOf,
  role: roleOf,
  status: (agent: AgentRow) => agentLook(agent.status?.value).words,
  tokens: tokensOf,
  cost: ({ totals }: AgentRow) => totals.costMicros,
  errors: ({ totals }: AgentRow) => totals.errors,
  'last event': ({ lastSeenAt }: AgentRow) => lastSeenAt,
} as const
export type Column = keyof typeof sortables
export const sortableColumns = Object.keys(sortables) as readonly Column[]
export const isSortable = (column: string): column is Column => Object.hasOwn(sortables, column)
const isText = (column: Column) => ['agent', 'role', 'status'].includes(column)

export interface Sorting {
  readonly column: Column
  readonly descending: boolean
}

/** From the URL: a column, with a `-` before it for the greatest first. */
export function parseSorting(text: string): Sorting | undefined {
  const column = text.replace(/^-/, '')
  return isSortable(column) ? { column, descending: text.startsWith('-') } : undefined
}

/** In a column's own first direction. */
export const firstSorting = (column: Column): string => (isText(column) ? column : `-${column}`)

/** The next press of a column's head: its own first direction, the other, none. */
export function nextSorting(column: Column, now: Sorting | undefined): string {
  const first = firstSorting(column)
  if (now?.column !== column) return first
  const other = isText(column) ? `-${column}` : column
  return now.descending === !isText(column) ? other : ''
}

export interface Wanted {
  /** Words; each has to be found. */
  readonly q: string
  readonly errors: boolean
  readonly status: string
  readonly role: string
}

/** How many filters are set. */
export const filtersIn = ({ q, errors, status, role }: Wanted): number =>
  [q.trim() !== '', errors, status !== '', role !== ''].filter(Boolean).length

const isTroubled = (agent: AgentRow) => agent.totals.errors > 0 || agent.status?.value === 'lost' || agent.status?.value === 'stuck'

export function matching(agents: readonly AgentRow[], wanted: Wanted): readonly AgentRow[] {
  if (filtersIn(wanted) === 0) return agents
  const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean)
  return agents.filter((agent) => {
    if (wanted.errors && !isTroubled(agent)) return false
    if (wanted.status !== '' && statusOf(agent) !== wanted.status) return false
    if (wanted.role !== '' && roleOf(agent) !== wanted.role) return false
    if (words.length === 0) return true
    const text =
      `${agent.id} ${nameOf(agent)} ${agent.role?.value ?? ''} ${agentLook(agent.status?.value).words} ${agent.task?.value ?? ''} ${agent.run?.value ?? ''} ${agent.model?.value ?? ''} ${agent.host?.value ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Groups in which somebody worked lately stand first; they seldom change places. */
const lately = 10 * 60_000

/** Text that sorts, by its code units, as people expect: `Worker 2` before `Worker 10`, `Ärger` with `arger`. */
export const naturalKey = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(12, '0'))

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Puts agents in the order of their names. Sorting ten thousand takes tens of milliseconds, and names seldom change: the order is
 * kept until somebody joins, leaves or is named anew.
 */
export function createRoster(): (agents: readonly AgentRow[]) => readonly AgentRow[] {
  let held = new Map<string, { readonly name: string; readonly rank: number }>()
  return (agents) => {
    const isSame = agents.length === held.size && agents.every((agent) => held.get(agent.id)?.name === nameOf(agent))
    if (!isSame)
      held = new Map(
        agents
          .map((agent) => ({ id: agent.id, name: nameOf(agent), key: naturalKey(nameOf(agent)) }))
          .sort((a, b) => compare(a.key, b.key) || compare(a.id, b.id))
          .map(({ id, name }, rank) => [id, { name, rank }]),
      )
    const inOrder = [...agents]
    for (const agent of agents) inOrder[held.get(agent.id)?.rank ?? 0] = agent
    return inOrder
  }
}

/** `members` are in the order of their names, which decides between equals. */
function ordered(members: readonly AgentRow[], group: string, sorting: Sorting | undefined): readonly AgentRow[] {
  if (sorting?.column === 'agent') return sorting.descending ? members.toReversed() : members
  if (sorting !== undefined) {
    const value = sortables[sorting.column]
    const sign = sorting.descending ? -1 : 1
    return members.toSorted((a, b) => sign * compare(value(a), value(b)))
  }
  // The manager first, then by name: an order that does not change under the pointer.
  const manager = members.find(({ id }) => id === group)
  return manager === undefined ? members : [manager, ...members.filter((agent) => agent !== manager)]
}

/** `agents` in the order of their names, as a roster gives them. */
export function linesOf(agents: readonly AgentRow[], grouping: Grouping, columns: number, sorting?: Sorting): Line[] {
  const groups = new Map<string, { readonly members: AgentRow[]; newest: number }>()
  let newest = 0
  for (const agent of agents) {
    const name = groupOf[grouping](agent)
    const group = groups.get(name) ?? { members: [], newest: 0 }
    if (group.members.push(agent) === 1) groups.set(name, group)
    group.newest = Math.max(group.newest, agent.lastSeenAt)
    newest = Math.max(newest, agent.lastSeenAt)
  }
  const inOrder = [...groups]
    .map(([name, group]) => ({ name, members: group.members, past: Number(newest - group.newest >= lately), key: naturalKey(name) }))
    .sort((a, b) => a.past - b.past || compare(a.key, b.key))
  const lines: Line[] = []
  for (const { name, members } of inOrder) {
    if (grouping !== 'none') {
      const busy = members.reduce((sum, { status }) => sum + Number(status?.value === 'busy'), 0)
      const troubled = members.reduce((sum, agent) => sum + Number(isTroubled(agent)), 0)
      lines.push({ kind: 'head', name, count: members.length, busy, troubled })
    }
    const ids = ordered(members, name, sorting).map(({ id }) => id)
    for (let i = 0; i < ids.length; i += columns) lines.push({ kind: 'agents', ids: ids.slice(i, i + columns) })
  }
  return lines
}

/** Where a step from an agent leads: to its neighbour, or to the line above or below; the first when nothing is selected. */
export function stepped(lines: readonly Line[], from: string, step: 'next' | 'previous' | 'up' | 'down'): string | undefined {
  const rows = lines.flatMap((line) => (line.kind === 'agents' ? [line.ids] : []))
  const row = rows.findIndex((ids) => ids.includes(from))
  const here = rows[row]
  if (here === undefined) return rows[0]?.[0]
  if (step === 'up' || step === 'down') {
    const there = rows[row + (step === 'up' ? -1 : 1)]
    return there?.[Math.min(here.indexOf(from), there.length - 1)] ?? from
  }
  const all = rows.flat()
  return all[all.indexOf(from) + (step === 'next' ? 1 : -1)] ?? from
}

/** Agents that are in the one list of lines and not in the other. */
export function joinedSince(held: readonly Line[], now: readonly Line[]): number {
  if (held === now) return 0
  const known = new Set(held.flatMap((line) => (line.kind === 'agents' ? line.ids : [])))
  return now.reduce((sum, line) => sum + (line.kind === 'agents' ? line.ids.filter((id) => !known.has(id)).length : 0), 0)
}

export function totalsOf(agents: readonly AgentRow[]) {
  const of: Record<Status, number> = { busy: 0, waiting: 0, stuck: 0, lost: 0, idle: 0, stopped: 0, seen: 0 }
  const totals = { of, tokens: 0, cost: 0, errors: 0 }
  for (const agent of agents) {
    of[statusOf(agent)] += 1
    totals.tokens += tokensOf(agent)
    totals.cost += agent.totals.costMicros
    totals.errors += agent.totals.errors
  }
  return totals
}
