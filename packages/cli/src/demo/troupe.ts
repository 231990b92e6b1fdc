/** The agents that play, each a `createAgent` of its own as a real one would be, and what became of their events. */
import type { Agent } from '@signalbox/client/agent.ts'
import type { Problem } from '@signalbox/client/sender.ts'
import type { Part, Step } from './stage.ts'

export type Connect = (part: Part, onProblem: (problem: Problem) => void) => Agent

export interface Played {
  /** Events that the server acknowledged. */
  readonly sent: number
  readonly refused: number
  /** Not acknowledged so far; once all is over: lost. */
  readonly pending: number
}

export interface Troupe {
  perform(step: Step): void
  figures(): Played
  /** Resolves when those who left or crashed have sent what they had, or cannot. */
  settled(): Promise<void>
}

interface Member {
  readonly agent: Agent
  isThere: boolean
  /** Of one that crashed: what it had told and could not send. Its goodbye, which is never sent, is not among it. */
  lost?: number
  /** It sends nothing more: its figures are its last. */
  hasEnded: boolean
}

export function createTroupe(connect: Connect, onProblem: (problem: Problem) => void): Troupe {
  /** By name; of each the newest. */
  const members = new Map<string, Member>()
  const leaving = new Set<Promise<void>>()
  /** Whom a newer one of the same name follows, and who have yet to send what they had. */
  const followed = new Set<Member>()
  /** Of those who have. */
  let before: Played = { sent: 0, refused: 0, pending: 0 }

  function join(part: Part) {
    const last = members.get(part.id)
    if (last !== undefined) {
      followed.add(last)
      settle(last)
    }
    const member: Member = {
      agent: connect(part, (problem) => {
        // That its goodbye was not sent is what a crash is.
        if (member.lost !== 0) onProblem(problem)
      }),
      isThere: true,
      hasEnded: false,
    }
    members.set(part.id, member)
  }

  function settle(member: Member) {
    if (member.hasEnded && followed.delete(member)) before = plus(before, playedBy(member))
  }

  function end(name: string, how: (member: Member) => Promise<void>) {
    const member = members.get(name)
    if (member?.isThere !== true) return
    member.isThere = false
    const ended = how(member).finally(() => {
      leaving.delete(ended)
      member.hasEnded = true
      settle(member)
    })
    leaving.add(ended)
  }

  /** What was told before stands: others go on from it. */
  async function crash(member: Member) {
    await member.agent.flush()
    member.lost = member.agent.stats().queued
    // With no time left a stop sends nothing more, not even the goodbye: to the server the process has died.
    await member.agent.stop(0)
  }

  function tell({ agent, type, data, ...scope }: Step & { readonly kind: 'tell' }) {
    const member = members.get(agent)
    if (member?.isThere === true) member.agent.emit(type, { ...data, demo: true }, scope)
  }

  return {
    perform(step) {
      if (step.kind === 'join') join(step.part)
      else if (step.kind === 'leave') end(step.agent, ({ agent }) => agent.stop())
      else if (step.kind === 'crash') end(step.agent, crash)
      else tell(step)
    },
    figures: () => [...followed, ...members.values()].map(playedBy).reduce(plus, before),
    async settled() {
      await Promise.all(leaving)
    },
  }
}

function playedBy({ agent, lost }: Member): Played {
  const { sent, duplicates, refused, queued, dropped } = agent.stats()
  return { sent: sent + duplicates, refused, pending: dropped + (lost ?? queued) }
}

const plus = (a: Played, b: Played): Played => ({ sent: a.sent + b.sent, refused: a.refused + b.refused, pending: a.pending + b.pending })
