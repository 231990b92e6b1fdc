/**
 * Time of a demonstration without a clock: stories wait side by side, and what they do comes out as steps in the order of time.
 * A story is a generator that yields how long it waits, in milliseconds.
 */
import type { AgentRole } from '@signalbox/model/rows.ts'
import type { KnownType } from '@signalbox/model/vocabulary.ts'
import type { Dice } from './dice.ts'

export interface Part {
  readonly id: string
  readonly name: string
  readonly role: AgentRole
  readonly manager?: string
  readonly model: string
}

export interface Scope {
  readonly run?: string
  readonly task?: string
}

/** What an agent does: it begins, says something, ends, or dies without a word. */
export type Act =
  | { readonly kind: 'join'; readonly part: Part }
  | ({ readonly kind: 'tell'; readonly type: KnownType; readonly data: Readonly<Record<string, unknown>> } & Scope)
  | { readonly kind: 'leave' }
  | { readonly kind: 'crash' }

/** `atMs` counts from the begin of the demonstration. */
export type Step = { readonly atMs: number; readonly agent: string } & Act

export type Story = Generator<number, void, void>

export interface Stage {
  readonly dice: Dice
  now(): number
  act(agent: string, act: Act): void
  tell(agent: string, type: KnownType, data?: Readonly<Record<string, unknown>>, scope?: Scope): void
  begin(story: Story): void
  /** A name for a model or tool call. */
  nextCall(): string
}

/** Stories that only wait for each other would never give a step again, and never let go of who asks for one. */
const mostSilentMs = 10 * 60_000

/** Ends when no story is left; stories may go on for ever. Throws when they stand still. */
export function* perform(dice: Dice, open: (stage: Stage) => void): Generator<Step, void, void> {
  /** By time; of one time, who began to wait first. */
  const waiting: { readonly until: number; readonly story: Story }[] = []
  let now = 0
  let heardAt = 0
  let calls = 0
  let steps: Step[] = []
  const wait = (story: Story, ms: number) => {
    const until = now + Math.round(ms)
    const after = waiting.findIndex((other) => other.until > until)
    waiting.splice(after < 0 ? waiting.length : after, 0, { until, story })
  }
  const act = (agent: string, what: Act) => void steps.push({ atMs: now, agent, ...what })
  open({
    dice,
    now: () => now,
    act,
    tell: (agent, type, data = {}, scope = {}) => act(agent, { kind: 'tell', type, data, ...scope }),
    begin: (story) => wait(story, 0),
    nextCall: () => `c${++calls}`,
  })
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    now = next.until
    const { done, value } = next.story.next()
    if (done !== true) wait(next.story, value)
    if (steps.length > 0) heardAt = now
    if (now - heardAt > mostSilentMs) throw new Error(`The story stands still since ${heardAt} ms.`)
    yield* steps
    steps = []
  }
}
