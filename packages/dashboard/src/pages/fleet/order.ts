/** Which agents the fleet shows, in which groups and order. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'

export const groupings = ['manager', 'role', 'status', 'run', 'none'] as const
export type Grouping = (typeof groupings)[number]

export type Line =
  | { readonly kind: 'head'; readonly name: string; readonly count: number }
  | { readonly kind: 'agents'; readonly ids: readonly string[] }

export const nameOf = (agent: AgentRow) => agent.name?.value ?? agent.id
export const tokensOf = ({ totals }: AgentRow) => totals.inputTokens + totals.outputTokens

const groupOf: Record<Grouping, (agent: AgentRow) => string> = {
  manager: (agent) => agent.manager?.value ?? (agent.role?.value === 'manager' ? agent.id : 'no manager'),
  role: (agent) => agent.role?.value ?? 'no role',
  status: (agent) => agentLook(agent.status?.value).words,
  run: (agent) => agent.run?.value ?? 'no run',
  none: () => '',
}

/** What a column is ordered by. Texts begin with the first, figures with the greatest. */
const sortables = {
  agent: nameOf,
  role: (agent: AgentRow) => agent.role?.value ?? '',
  status: (agent: AgentRow) => agentLook(agent.status?.value).words,
  tokens: tokensOf,
  cost: ({ totals }: AgentRow) => totals.costMicros,
  'last event': ({ lastSeenAt }: AgentRow) => lastSeenAt,
} as const
export type Column = keyof typeof sortables
export const isSortable = (column: string): column is Column => Object.hasOwn(sortables, column)

export interface Sorting {
  readonly column: Column
  readonly descending: boolean
}

/** From the URL: a column, with a `-` before it for the greatest first. */
export function parseSorting(text: string): Sorting | undefined {
  const column = text.replace(/^-/, '')
  return isSortable(column) ? { column, descending: text.startsWith('-') } : undefined
}

/** The next press of a column's head: its own first direction, the other, none. */
export function nextSorting(column: Column, now: Sorting | undefined): string {
  const greatestFirst = ['tokens', 'cost', 'last event'].includes(column)
  const written = (descending: boolean) => `${descending ? '-' : ''}${column}`
  if (now?.column !== column) return written(greatestFirst)
  return now.descending === greatestFirst ? written(!greatestFirst) : ''
}

const troubled = (agent: AgentRow) => agent.totals.errors > 0 || agent.status?.value === 'lost' || agent.status?.value === 'stuck'

export function matching(agents: readonly AgentRow[], q: string, errors: boolean): AgentRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  return agents.filter((agent) => {
    if (errors && !troubled(agent)) return false
    const text =
      `${agent.id} ${nameOf(agent)} ${agent.role?.value ?? ''} ${agentLook(agent.status?.value).words} ${agent.task?.value ?? ''} ${agent.run?.value ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Groups in which somebody worked lately stand first; they seldom change places. */
const lately = 10 * 60_000

const byText = new Intl.Collator('en').compare
const compare = (a: string | number, b: string | number) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : byText(String(a), String(b))

function ordered(members: AgentRow[], group: string, sorting: Sorting | undefined): AgentRow[] {
  if (sorting === undefined)
    // The manager first, then by name: an order that does not change under the pointer.
    return members.sort((a, b) => Number(b.id === group) - Number(a.id === group) || byText(nameOf(a), nameOf(b)))
  const value = sortables[sorting.column]
  const sign = sorting.descending ? -1 : 1
  return members.sort((a, b) => sign * compare(value(a), value(b)) || byText(a.id, b.id))
}

export function linesOf(agents: readonly AgentRow[], grouping: Grouping, columns: number, sorting?: Sorting): Line[] {
  const groups = new Map<string, { readonly members: AgentRow[]; newest: number }>()
  let newest = 0
  for (const agent of agents) {
    const name = groupOf[grouping](agent)
    const group = groups.get(name) ?? { members: [], newest: 0 }
    groups.set(name, group)
    group.members.push(agent)
    group.newest = Math.max(group.newest, agent.lastSeenAt)
    newest = Math.max(newest, agent.lastSeenAt)
  }
  const isActive = (group: { readonly newest: number }) => Number(newest - group.newest < lately)
  const lines: Line[] = []
  for (const [name, { members }] of [...groups].sort(([a, these], [b, those]) => isActive(those) - isActive(these) || byText(a, b))) {
    if (grouping !== 'none') lines.push({ kind: 'head', name, count: members.length })
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

export function totalsOf(agents: readonly AgentRow[]) {
  const totals = { busy: 0, waiting: 0, troubled: 0, tokens: 0, cost: 0 }
  for (const agent of agents) {
    if (agent.status?.value === 'busy') totals.busy += 1
    if (agent.status?.value === 'waiting') totals.waiting += 1
    if (troubled(agent)) totals.troubled += 1
    totals.tokens += tokensOf(agent)
    totals.cost += agent.totals.costMicros
  }
  return totals
}
