import type { Agent } from '@signalbox/client/agent.ts'
import { expect, test } from 'vitest'
import { createTroupe } from './troupe.ts'

const part = { id: 'a', name: 'A', role: 'worker', model: 'm' } as const
const nothing = { sent: 0, duplicates: 0, refused: 0, queued: 0, dropped: 0, spooled: 0 }

/** Agents whose events wait in their queue until `acknowledge`. */
function slow() {
  const agents: { queued: number; sent: number; resolve: () => void }[] = []
  const troupe = createTroupe(
    () => {
      const own = { queued: 1, sent: 0, resolve: () => {} }
      agents.push(own)
      return {
        stop: () =>
          new Promise<void>((resolve) => {
            own.resolve = resolve
          }),
        stats: () => ({ ...nothing, queued: own.queued, sent: own.sent }),
      } as unknown as Agent
    },
    () => undefined,
  )
  const acknowledge = (n: number) => {
    const own = agents[n]
    if (own === undefined) throw new Error(`There is no agent ${n}.`)
    Object.assign(own, { queued: 0, sent: own.sent + own.queued })
    own.resolve()
  }
  return { troupe, acknowledge }
}

test('who comes again before all that it had sent was acknowledged has lost nothing', async () => {
  const { troupe, acknowledge } = slow()
  for (const kind of ['join', 'leave', 'join', 'leave'] as const)
    troupe.perform(kind === 'join' ? { atMs: 0, agent: 'a', kind, part } : { atMs: 0, agent: 'a', kind })
  expect(troupe.figures()).toEqual({ sent: 0, refused: 0, pending: 2 })
  acknowledge(0)
  acknowledge(1)
  await troupe.settled()
  expect(troupe.figures()).toEqual({ sent: 2, refused: 0, pending: 0 })
})

test('what a crash took with it is not lost, and who came again before counts once', async () => {
  const { troupe, acknowledge } = slow()
  troupe.perform({ atMs: 0, agent: 'a', kind: 'join', part })
  troupe.perform({ atMs: 0, agent: 'a', kind: 'leave' })
  acknowledge(0)
  await troupe.settled()
  troupe.perform({ atMs: 0, agent: 'a', kind: 'join', part })
  troupe.perform({ atMs: 0, agent: 'a', kind: 'crash' })
  expect(troupe.figures()).toEqual({ sent: 1, refused: 0, pending: 0 })
})
