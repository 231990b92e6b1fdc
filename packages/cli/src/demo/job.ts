/** A task as its team holds it, and who holds it. */
import type { Dice } from './dice.ts'
import type { Part, Story } from './stage.ts'

/** What does not go as planned. */
export type Twist = 'crash' | 'question' | 'stuck' | 'approval' | 'failure' | 'handoff'

export interface Job {
  readonly run: string
  readonly task: string
  readonly title: string
  readonly isRetry: boolean
  readonly twist: Twist | undefined
  state: 'queued' | 'working' | 'completed' | 'failed' | 'canceled'
  holder: Worker | undefined
  /** What its worker asks its manager. */
  question?: { readonly answer: string; readonly answerAt: number; isAnswered: boolean }
}

export interface Worker {
  readonly part: Part
  readonly queue: Job[]
  /** What it does now; undefined while it has nothing to do. */
  work: Story | undefined
  /** The task it took up last. */
  job: Job | undefined
  /** Since when it is not there. */
  goneAt: number | undefined
}

export interface Crew {
  readonly manager: Part
  readonly workers: readonly Worker[]
}

export const isOpen = ({ state }: Job): boolean => state === 'queued' || state === 'working'

/** Deals a list again and again, shuffled after the first time. */
export function createDeck<T>(first: readonly T[], dice: Dice): () => T {
  let left: readonly T[] = first
  return () => {
    if (left.length === 0) left = dice.shuffled(first)
    const [next] = left
    left = left.slice(1)
    return next as T
  }
}
