/** Model and tool calls of an agent: each begins, takes its time, and ends well or not. */
import { prices } from './cast.ts'
import type { Dice } from './dice.ts'
import type { Tool } from './goals.ts'
import type { Part, Scope, Stage, Story } from './stage.ts'

/** Share of the model calls that are turned away at first. */
const overloaded = 0.04

export function* think(stage: Stage, part: Part, name: string, scope: Scope): Story {
  const { dice } = stage
  const { id, model } = part
  const call = { call: stage.nextCall(), name, model }
  stage.tell(id, 'llm.started', call, scope)
  if (dice.chance(overloaded)) {
    yield dice.between(600, 1_800)
    stage.tell(id, 'llm.failed', { ...call, error: '529: overloaded, try again' }, scope)
    yield dice.between(800, 2_000)
    yield* think(stage, part, name, scope)
    return
  }
  yield dice.between(1_400, 5_200)
  stage.tell(id, 'llm.finished', { ...call, ...figuresOf(model, dice) }, scope)
}

function figuresOf(model: string, dice: Dice) {
  const inputTokens = dice.count(6_000, 48_000)
  const cacheReadTokens = Math.floor(inputTokens * dice.between(0.4, 0.9))
  const outputTokens = dice.count(150, 1_600)
  const price = prices[model] ?? { input: 0, cached: 0, output: 0 }
  return {
    usage: { inputTokens, cacheReadTokens, outputTokens },
    costMicros: Math.round((inputTokens - cacheReadTokens) * price.input + cacheReadTokens * price.cached + outputTokens * price.output),
  }
}

interface Use {
  readonly fails?: boolean
  readonly tookMs?: number
  readonly error?: string
}

export function* use(stage: Stage, { id }: Part, tool: Tool, scope: Scope, how: Use = {}): Story {
  const { dice } = stage
  const call = { call: stage.nextCall(), name: tool.name }
  stage.tell(id, 'tool.started', { ...call, input: dice.pick(tool.asks) }, scope)
  yield how.tookMs ?? dice.between(400, 3_000)
  if (how.fails === true) stage.tell(id, 'tool.failed', { ...call, error: how.error ?? dice.pick(tool.fails) }, scope)
  else stage.tell(id, 'tool.finished', call, scope)
}
