/** Which agents the fleet shows. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'
import { isTroubled, nameOf, roleOf, statusOf, teamOf } from './agent.ts'

/** Fields that the address names exactly, and that a term of the filter's text looks into: `host:east`. */
const fields = {
  run: (agent: AgentRow) => agent.run?.value,
  model: (agent: AgentRow) => agent.model?.value,
  host: (agent: AgentRow) => agent.host?.value,
  team: teamOf,
} as const
export const exactly = Object.keys(fields) as readonly (keyof typeof fields)[]

const terms = {
  ...fields,
  manager: (agent: AgentRow) => agent.manager?.value,
  role: (agent: AgentRow) => agent.role?.value,
  status: (agent: AgentRow) => agentLook(agent.status?.value).words,
  task: (agent: AgentRow) => agent.task?.value,
} as const
type Term = keyof typeof terms
const isTerm = (name: string): name is Term => Object.hasOwn(terms, name)

export type Wanted = { readonly [F in (typeof exactly)[number]]: string } & {
  /** Words and terms as `model:large` or `run:"night shift"`; each has to be found. */
  readonly q: string
  readonly errors: boolean
  /** A status, or `attention`: who needs somebody. */
  readonly status: string
  readonly role: string
}
export const nothing: Wanted = { q: '', errors: false, status: '', role: '', run: '', model: '', host: '', team: '' }

/** How many filters are set. */
export const filtersIn = (wanted: Wanted): number =>
  [wanted.q.trim() !== '', wanted.errors, wanted.status !== '', wanted.role !== '', ...exactly.map((name) => wanted[name] !== '')].filter(
    Boolean,
  ).length

interface Parsed {
  readonly words: readonly string[]
  readonly terms: readonly (readonly [term: Term, part: string])[]
}

function parse(q: string): Parsed {
  const words: string[] = []
  const found: (readonly [Term, string])[] = []
  for (const [all, name = '', quoted, bare = ''] of q.toLowerCase().matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S*))/g)) {
    if (all === '') continue
    if (isTerm(name)) found.push([name, quoted ?? bare])
    else words.push(name === '' ? (quoted ?? bare) : all)
  }
  return { words, terms: found }
}

/** Whether an agent is wanted; undefined: all are. `attention`: ids of who needs somebody. */
export function matcher(wanted: Wanted, attention: ReadonlySet<string> = new Set()): ((agent: AgentRow) => boolean) | undefined {
  if (filtersIn(wanted) === 0) return undefined
  const { words, terms: wantedTerms } = parse(wanted.q)
  const named = exactly.filter((name) => wanted[name] !== '')
  return (agent) => {
    if (wanted.errors && !isTroubled(agent)) return false
    if (wanted.status === 'attention' ? !attention.has(agent.id) : wanted.status !== '' && statusOf(agent) !== wanted.status) return false
    if (wanted.role !== '' && roleOf(agent) !== wanted.role) return false
    if (named.some((name) => fields[name](agent) !== wanted[name])) return false
    if (!wantedTerms.every(([term, part]) => (terms[term](agent) ?? '').toLowerCase().includes(part))) return false
    if (words.length === 0) return true
    const text =
      `${agent.id} ${nameOf(agent)} ${agent.role?.value ?? ''} ${agentLook(agent.status?.value).words} ${agent.task?.value ?? ''} ${agent.run?.value ?? ''} ${agent.model?.value ?? ''} ${agent.host?.value ?? ''} ${teamOf(agent) ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
}
