/** What agents are ordered by. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'
import type { ShownRates } from '../../rates/live.ts'
import { nameOf, roleOf, tokensOf } from './agent.ts'

/** Texts begin with the first, figures with the greatest. */
const sortables = {
  agent: nameOf,
  role: roleOf,
  status: (agent: AgentRow) => agentLook(agent.status?.value).words,
  'tok/min': ({ id }: AgentRow, rates: ShownRates) => rates?.of(id)?.tokensPerMinute ?? 0,
  '$/h': ({ id }: AgentRow, rates: ShownRates) => rates?.of(id)?.costMicrosPerHour ?? 0,
  'err/5m': ({ id }: AgentRow, rates: ShownRates) => rates?.of(id)?.errors ?? 0,
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

const keys = new Map<string, string>()
/** Names come again each time a list is made. */
const mostKeys = 20_000

/** Text that sorts, by its code units, as people expect: `Worker 2` before `Worker 10`, `Ärger` with `arger`. */
export function naturalKey(text: string): string {
  const held = keys.get(text)
  if (held !== undefined) return held
  const key = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(12, '0'))
  if (keys.size >= mostKeys) keys.clear()
  keys.set(text, key)
  return key
}

export const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

interface Placed {
  readonly id: string
  readonly name: string
  readonly key: string
}
const byName = (a: Placed, b: Placed): number => compare(a.key, b.key) || compare(a.id, b.id)

/**
 * Puts agents in the order of their names. Sorting ten thousand takes tens of milliseconds, and names seldom change: the order is
 * kept, and who joins or is named anew is put into it.
 */
export function createRoster(): (agents: readonly AgentRow[]) => readonly AgentRow[] {
  let order: readonly Placed[] = []
  let held = new Map<string, { readonly name: string; readonly rank: number }>()
  return (agents) => {
    const fresh = agents.filter((agent) => held.get(agent.id)?.name !== nameOf(agent))
    if (fresh.length > 0 || agents.length !== held.size) {
      const stays = new Set(agents.map(({ id }) => id))
      for (const { id } of fresh) stays.delete(id)
      const joined = fresh.map((agent) => ({ id: agent.id, name: nameOf(agent), key: naturalKey(nameOf(agent)) })).sort(byName)
      // Two ordered runs one after the other are merged in one pass.
      order = [...order.filter(({ id }) => stays.has(id)), ...joined].sort(byName)
      held = new Map(order.map(({ id, name }, rank) => [id, { name, rank }]))
    }
    const inOrder = [...agents]
    for (const agent of agents) inOrder[held.get(agent.id)?.rank ?? 0] = agent
    return inOrder
  }
}

/** `members` are in the order of their names, which decides between equals; without a sorting the group's own `manager` stands first. */
export function ordered(
  members: readonly AgentRow[],
  manager: string,
  sorting: Sorting | undefined,
  rates: ShownRates,
): readonly AgentRow[] {
  if (sorting?.column === 'agent') return sorting.descending ? members.toReversed() : members
  if (sorting !== undefined) {
    const value = sortables[sorting.column]
    const sign = sorting.descending ? -1 : 1
    return members
      .map((agent) => ({ agent, by: value(agent, rates) }))
      .sort((a, b) => sign * compare(a.by, b.by))
      .map(({ agent }) => agent)
  }
  const first = members.find(({ id }) => id === manager)
  return first === undefined ? members : [first, ...members.filter((agent) => agent !== first)]
}
