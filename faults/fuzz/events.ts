/** A made-up fleet's events, every type of the vocabulary among them: what parsers and folds get to eat. */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { foreignId } from '@signalbox/model/ids.ts'
import { taskStates } from '@signalbox/model/rows.ts'
import { type KnownType, vocabulary } from '@signalbox/model/vocabulary.ts'

export interface Fleet {
  readonly producers: number
  readonly runs: number
  readonly events: number
  /** Epoch ms of the first event. */
  readonly from: number
  /** In the ids, so that two fleets of one seed are two. */
  readonly name: string
}

const types = Object.keys(vocabulary) as KnownType[]
const usual: readonly KnownType[] = ['llm.started', 'llm.finished', 'tool.started', 'tool.finished', 'task.created', 'task.assigned', 'log']

/** Each producer's events in its order: times and `seq` rise. A task, a call and a run's end are of one producer each, as in a fleet. */
export function fleetOf(dice: Dice, { producers, runs, events, from, name }: Fleet): EventInput[][] {
  return Array.from({ length: producers }, (_, p) => {
    let time = from + dice.count(0, 1_000)
    return Array.from({ length: events }, (_, seq) => {
      // Ties on purpose.
      time += dice.chance(0.3) ? 0 : dice.count(1, 40)
      return eventOf(dice, { producer: p, producers, seq, time, run: dice.chance(0.85) ? `run-${dice.count(1, runs)}` : undefined, name })
    })
  })
}

interface Draft {
  readonly producer: number
  readonly producers: number
  readonly seq: number
  readonly time: number
  readonly run: string | undefined
  readonly name: string
}

function eventOf(dice: Dice, { producer, producers, seq, time, run, name }: Draft): EventInput {
  const any = dice.chance(0.6) ? dice.pick(usual) : dice.chance(0.05) ? 'custom.odd/type' : dice.pick(types)
  const type = any.startsWith('run.') && producer > 0 ? 'log' : any
  const source = `producer-${producer}`
  return {
    id: foreignId(`${name}/${source}`, String(seq), '', time),
    source,
    type,
    time: new Date(time).toISOString(),
    agent: `agent-${producer}`,
    seq,
    epoch: 1,
    ...(run === undefined ? {} : { run }),
    ...(dice.chance(0.7) ? { task: `task-${producer}-${dice.count(1, 6)}` } : {}),
    ...(dice.chance(0.1) ? { cause: `cause-${seq}`, trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } : {}),
    data: { ...neededBy(type, dice, producer), ...dataOf(dice, producer, `agent-${dice.count(0, producers - 1)}`) },
  }
}

const callOf = (dice: Dice, producer: number) => `call-${producer}-${dice.count(1, 8)}`
const neededBy = (type: string, dice: Dice, producer: number) => (type.endsWith('.attributed') ? { call: callOf(dice, producer) } : {})

/** Of any type: what a type does not know it keeps as it is. */
function dataOf(dice: Dice, producer: number, other: string): Record<string, unknown> {
  const fields: readonly (readonly [string, () => unknown])[] = [
    ['call', () => callOf(dice, producer)],
    ['name', () => dice.pick(['search', 'écrire', 'モデル', 'a "quoted" \\ name'])],
    ['model', () => dice.pick(['opus', 'haiku'])],
    ['usage', () => ({ inputTokens: dice.count(0, 5_000), outputTokens: dice.count(0, 900), cacheReadTokens: dice.count(0, 100) })],
    ['costMicros', () => dice.count(0, 100_000)],
    ['reported', () => ({ inputTokens: dice.count(0, 10), costMicros: dice.count(0, 10) })],
    ['title', () => 'Write the docs'],
    ['status', () => dice.pick(['idle', 'busy', 'waiting', 'stuck'])],
    ['role', () => dice.pick(['manager', 'worker'])],
    ['parent', () => `task-${producer}-${dice.count(1, 6)}`],
    ['assignee', () => other],
    ['note', () => dice.pick(taskStates)],
    ['more', () => ({ deep: [1, { a: [null, true, 0.1, 'a\u0000b\ud800c'] }] })],
  ]
  return { to: other, ...Object.fromEntries(fields.flatMap(([name, make]) => (dice.chance(0.3) ? [[name, make()] as const] : []))) }
}
