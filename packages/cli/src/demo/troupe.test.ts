import { type Agent, createAgent } from '@signalbox/client/agent.ts'
import { ingestDoor } from '@signalbox/client/testing.ts'
import { expect, onTestFinished, test } from 'vitest'
import type { Act } from './stage.ts'
import { type Connect, createTroupe, type Troupe } from './troupe.ts'

const part = { id: 'a', name: 'A', role: 'worker', model: 'm' } as const
const nothing = { sent: 0, duplicates: 0, refused: 0, queued: 0, dropped: 0, spooled: 0 }

const act = (troupe: Troupe, ...acts: readonly Act[]) => {
  for (const what of acts) troupe.perform({ atMs: 0, agent: part.id, ...what })
}
const join: Act = { kind: 'join', part }
const leave: Act = { kind: 'leave' }
const crash: Act = { kind: 'crash' }
const tell = (type: (Act & { kind: 'tell' })['type']): Act => ({ kind: 'tell', type, data: {}, run: 'r', task: 't' })

/** Agents whose events wait in their queue until `acknowledge`, or until they have to `giveUp`. */
function slow() {
  const agents: { queued: number; sent: number; resolve: () => void }[] = []
  const troupe = createTroupe(
    () => {
      const own = { queued: 1, sent: 0, resolve: () => {} }
      agents.push(own)
      const flush = () =>
        new Promise<void>((resolve) => {
          own.resolve = resolve
        })
      return {
        emit() {
          own.queued += 1
        },
        flush,
        async stop(patienceMs?: number) {
          own.queued += 1
          if (patienceMs !== 0) await flush()
        },
        stats: () => ({ ...nothing, queued: own.queued, sent: own.sent }),
      } as unknown as Agent
    },
    () => undefined,
  )
  const agent = (n: number) => {
    const own = agents[n]
    if (own === undefined) throw new Error(`There is no agent ${n}.`)
    return own
  }
  return {
    troupe,
    giveUp: (n: number) => agent(n).resolve(),
    acknowledge(n: number) {
      const own = agent(n)
      Object.assign(own, { queued: 0, sent: own.sent + own.queued })
      own.resolve()
    },
  }
}

/** Real agents, and a server that takes what they send. */
async function real() {
  const door = await ingestDoor()
  onTestFinished(() => door.close())
  const problems: string[] = []
  const connect: Connect = ({ id, ...more }, onProblem) =>
    createAgent({ url: door.url, agent: id, transport: 'rest', heartbeatMs: 0, ...more, onProblem })
  const troupe = createTroupe(connect, ({ message }) => problems.push(message))
  return { troupe, problems, types: () => [...door.stored.values()].map(({ type }) => type) }
}

test('who comes again before all that it had sent was acknowledged has lost nothing', async () => {
  const { troupe, acknowledge } = slow()
  act(troupe, join, leave, join, leave)
  expect(troupe.figures()).toEqual({ sent: 0, refused: 0, pending: 4 })
  acknowledge(0)
  acknowledge(1)
  await troupe.settled()
  expect(troupe.figures()).toEqual({ sent: 4, refused: 0, pending: 0 })
})

test('what was told at the moment of a crash comes through; a goodbye does not, and what is told later is nobody’s', async () => {
  const { troupe, problems, types } = await real()
  act(troupe, join, tell('task.started'), tell('task.completed'), crash, tell('task.progress'))
  await troupe.settled()
  expect(types()).toEqual(['agent.started', 'task.started', 'task.completed'])
  expect(troupe.figures()).toEqual({ sent: 3, refused: 0, pending: 0 })
  expect(problems).toEqual([])
})

test('of a crash only what was told and could not be sent is lost, and who came again before counts once', async () => {
  const { troupe, acknowledge, giveUp } = slow()
  act(troupe, join, leave)
  acknowledge(0)
  await troupe.settled()
  act(troupe, join, crash)
  expect(troupe.figures()).toEqual({ sent: 2, refused: 0, pending: 1 })
  acknowledge(1)
  await troupe.settled()
  expect(troupe.figures()).toEqual({ sent: 3, refused: 0, pending: 0 })
  act(troupe, join, tell('log'), crash)
  giveUp(2)
  await troupe.settled()
  expect(troupe.figures()).toEqual({ sent: 3, refused: 0, pending: 2 })
})
