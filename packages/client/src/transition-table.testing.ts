/** Holds a transition table against the same table written a second time by hand: a change of it has to be meant. */
import { expect } from 'vitest'

type Table = { readonly [state: string]: { readonly [step: string]: string } }

/** The first line names the steps, each other line a state and where each step leads. `-` cannot happen. */
export function expectTable(table: Table, written: string) {
  const [steps = [], ...rows] = written
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  expect(Object.keys(table)).toEqual(rows.map(([state]) => state))
  for (const [state = '', ...ends] of rows)
    expect(table[state], state).toEqual(Object.fromEntries(steps.flatMap((step, i) => (ends[i] === '-' ? [] : [[step, ends[i]]]))))
}

/** From every state but `end` each state is reached, and `end` is left by nothing. */
export function expectReach(table: Table, end: string) {
  for (const from of Object.keys(table)) {
    const reached = new Set([from])
    for (const state of reached) for (const next of Object.values(table[state] ?? {})) reached.add(next)
    expect(reached.size, from).toBe(from === end ? 1 : Object.keys(table).length)
  }
}
