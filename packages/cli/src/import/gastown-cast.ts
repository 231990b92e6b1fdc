/** Who is who in Gas Town: roles are read from names such as `gastown/polecats/nux`. */
import type { AgentRole } from '@signalbox/model/rows.ts'
import { stringOf } from '@signalbox/model/text.ts'
import type { Change } from './gastown-changes.ts'

export interface Cast {
  describe(agent: string): { readonly role: AgentRole; readonly name: string; readonly manager?: string }
  /** Agent that a record such as `gt-gastown-polecat-nux` is about, if it ever worked. */
  ofRecord(subject: string): string | undefined
}

const records = /^gt-(?:gastown-(?:(polecat|crew)-(.+)|(witness|refinery))|(mayor|deacon)|rig-.+)$/

export const isAgentRecord = (subject: string): boolean => records.test(subject)

export function castOf(changes: readonly Change[]): Cast {
  const known = new Set(changes.flatMap((change) => [change.actor, stringOf(change.after.assignee) ?? change.actor]))
  return {
    describe,
    ofRecord(subject) {
      const [, group, name, post, head] = records.exec(subject) ?? []
      const agent =
        group === 'polecat' ? `gastown/polecats/${name}` : group === 'crew' ? `gastown/crew/${name}` : post ? `gastown/${post}` : head
      return agent !== undefined && known.has(agent) ? agent : undefined
    },
  }
}

/** The mayor hands out the work; polecats do it; witness, refinery, deacon and dog keep the house. Names without a path are people. */
function describe(agent: string): ReturnType<Cast['describe']> {
  const short = agent.split('/').at(-1) ?? agent
  if (agent === 'mayor') return { role: 'manager', name: 'mayor' }
  if (agent === 'deacon') return { role: 'worker', name: 'deacon', manager: 'mayor' }
  if (agent === 'dog') return { role: 'worker', name: 'dog', manager: 'deacon' }
  if (/\/polecats\//.test(agent) || /\/(witness|refinery)$/.test(agent)) return { role: 'worker', name: short, manager: 'mayor' }
  if (/\/crew\//.test(agent)) return { role: 'worker', name: `${short} (crew)` }
  return { role: 'human', name: agent }
}
