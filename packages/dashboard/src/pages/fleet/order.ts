/** In which groups and lines the fleet's agents stand. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'
import type { ShownRates } from '../../rates/live.ts'
import { roleOf, teamOf } from './agent.ts'
import { compare, naturalKey, ordered, type Sorting } from './sort.ts'

const groupOf = {
  manager: (agent: AgentRow) => agent.manager?.value ?? (agent.role?.value === 'manager' ? agent.id : 'no manager'),
  team: (agent: AgentRow) => teamOf(agent) ?? 'no team',
  run: (agent: AgentRow) => agent.run?.value ?? 'no run',
  model: (agent: AgentRow) => agent.model?.value ?? 'no model',
  host: (agent: AgentRow) => agent.host?.value ?? 'no host',
  role: roleOf,
  status: (agent: AgentRow) => agentLook(agent.status?.value).words,
  none: () => '',
} as const
export type Grouping = keyof typeof groupOf
export const groupings = Object.keys(groupOf) as readonly Grouping[]

export interface Group {
  readonly name: string
  readonly count: number
  readonly busy: number
  readonly troubled: number
  readonly members: readonly AgentRow[]
  readonly isFolded: boolean
  /** In order; none while it is folded. */
  readonly ids: readonly string[]
}

export type Head = { readonly kind: 'head' } & Omit<Group, 'ids'>
export type Line = Head | { readonly kind: 'agents'; readonly ids: readonly string[] }

/** In the address: names by comma, each encoded. */
export const parseFolded = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split(',')
      .filter((name) => name !== '')
      .map(decoded),
  )
export const foldedText = (names: ReadonlySet<string>): string => [...names].map(encodeURIComponent).join(',')
function decoded(name: string) {
  try {
    return decodeURIComponent(name)
  } catch {
    // Typed by hand.
    return name
  }
}

export interface Arrangement {
  readonly grouping: Grouping
  readonly sorting?: Sorting | undefined
  readonly folded?: ReadonlySet<string>
  readonly rates?: ShownRates
  /** Who needs somebody. */
  readonly attention?: ReadonlySet<string>
}

/** Groups in which somebody worked lately stand first; they seldom change places. */
const lately = 10 * 60_000

/** `agents` in the order of their names, as a roster gives them. */
export function groupsOf(agents: readonly AgentRow[], { grouping, sorting, folded, rates, attention }: Arrangement): readonly Group[] {
  const groups = new Map<string, { readonly members: AgentRow[]; newest: number }>()
  let newest = 0
  const groupName = groupOf[grouping]
  for (const agent of agents) {
    const name = groupName(agent)
    const group = groups.get(name) ?? { members: [], newest: 0 }
    if (group.members.push(agent) === 1) groups.set(name, group)
    group.newest = Math.max(group.newest, agent.lastSeenAt)
    newest = Math.max(newest, agent.lastSeenAt)
  }
  return [...groups]
    .map(([name, group]) => ({ name, members: group.members, past: Number(newest - group.newest >= lately), key: naturalKey(name) }))
    .sort((a, b) => a.past - b.past || compare(a.key, b.key))
    .map(({ name, members }) => {
      const isFolded = folded?.has(name) === true && grouping !== 'none'
      let busy = 0
      let troubled = 0
      for (const agent of members) {
        if (agent.status?.value === 'busy') busy += 1
        if (attention?.has(agent.id) === true) troubled += 1
      }
      return {
        ...{ name, count: members.length, busy, troubled, members, isFolded },
        ids: isFolded ? [] : ordered(members, name, sorting, rates).map(({ id }) => id),
      }
    })
}

/** Heads, and lines of so many agents each. */
export function linesOf(groups: readonly Group[], columns: number, grouping: Grouping): readonly Line[] {
  const lines: Line[] = []
  for (const { ids, ...head } of groups) {
    if (grouping !== 'none') lines.push({ kind: 'head', ...head })
    for (let i = 0; i < ids.length; i += columns) lines.push({ kind: 'agents', ids: ids.slice(i, i + columns) })
  }
  return lines
}

/** One after the other without heads, an empty place (`''`) between groups: for groups too many and small to be headed. */
export function flowingLines(groups: readonly Group[], columns: number): readonly Line[] {
  const lines: Line[] = []
  let ids: string[] = []
  const place = (id: string) => {
    if (id === '' && ids.length === 0) return
    if (ids.push(id) < columns) return
    lines.push({ kind: 'agents', ids })
    ids = []
  }
  groups.forEach((group, at) => {
    if (at > 0) place('')
    group.ids.forEach(place)
  })
  if (ids.length > 0) lines.push({ kind: 'agents', ids })
  return lines
}

export type Step = 'next' | 'previous' | 'up' | 'down' | 'first' | 'last'

/** Where a step from an agent leads: to its neighbour, or to the line above or below; the first when nothing is selected. */
export function stepped(lines: readonly Line[], from: string, step: Step): string | undefined {
  const rows = lines.flatMap((line) => (line.kind === 'agents' ? [line.ids] : []))
  const all = rows.flat().filter((id) => id !== '')
  if (step === 'first' || step === 'last') return all.at(step === 'first' ? 0 : -1)
  const row = rows.findIndex((ids) => ids.includes(from))
  const here = rows[row]
  if (here === undefined || from === '') return all[0]
  if (step === 'up' || step === 'down') {
    const there = rows[row + (step === 'up' ? -1 : 1)]
    const at = here.indexOf(from)
    // An empty place has a neighbour.
    return [at, at - 1, at + 1, (there?.length ?? 0) - 1].map((place) => there?.[place] ?? '').find((id) => id !== '') ?? from
  }
  return all[all.indexOf(from) + (step === 'next' ? 1 : -1)] ?? from
}

/** Agents that are in the one list of lines and not in the other. */
export function joinedSince(held: readonly Line[], now: readonly Line[]): number {
  if (held === now) return 0
  const known = new Set(held.flatMap((line) => (line.kind === 'agents' ? line.ids : [])))
  return now.reduce((sum, line) => sum + (line.kind === 'agents' ? line.ids.filter((id) => id !== '' && !known.has(id)).length : 0), 0)
}
