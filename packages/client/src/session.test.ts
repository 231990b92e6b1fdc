import { expect, test } from 'vitest'
import { after, type FeedState, type FeedStep, transitions } from './session.ts'

const states: readonly FeedState[] = ['connecting', 'open', 'waiting', 'closed']
const steps: readonly FeedStep[] = ['opened', 'lost', 'retry', 'close']

/** Written a second time by hand: a change of the table has to be meant. `-` cannot happen. */
const expected = `
             opened  lost     retry       close
connecting   open    waiting  -           closed
open         -       waiting  -           closed
waiting      -       -        connecting  closed
closed       closed  closed   closed      closed`

test('every step from every state is what the table says', () => {
  const [header = [], ...rows] = expected
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  expect(header).toEqual(steps)
  expect(rows.map(([state]) => state)).toEqual(states)
  for (const [state, ...ends] of rows)
    for (const [i, end] of ends.entries())
      expect(after(state as FeedState, steps[i] ?? 'close'), `${state} ${steps[i]}`).toBe(end === '-' ? undefined : end)
})

test('from every state but closed each state is reached, and closed is left by nothing', () => {
  const reach = (from: FeedState): Set<FeedState> => {
    const reached = new Set([from])
    for (const state of reached) for (const next of Object.values(transitions[state])) reached.add(next)
    return reached
  }
  for (const state of states) expect(reach(state).size).toBe(state === 'closed' ? 1 : 4)
})
