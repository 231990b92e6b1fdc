import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arranged, parseNames, toggled, unfolded, writeNames } from './arrange.ts'
import { laneWith } from './lanes.testing.ts'
import type { Lane, Swimlanes } from './layout.ts'

const lane = (agent: string, depth: number, workers: number, more: Partial<Lane> = {}): Lane =>
  laneWith({ agent, label: agent, depth, workers, ...more })
const call = (from: number, failed: boolean) => ({ call: `c${from}`, label: 'Grep', from, to: from + 1, failed })
const fleet: Swimlanes = {
  lanes: [
    lane('chief', 0, 3),
    lane('lead', 1, 1),
    lane('hand', 2, 0, { tools: [call(5, true)] }),
    lane('other', 1, 0, { models: [call(3, false)] }),
    lane('alone', 0, 0),
  ],
  arrows: [
    { from: 0, to: 1, at: 1, kind: 'delegation', task: 'a' },
    { from: 1, to: 2, at: 2, kind: 'delegation', task: 'b' },
    { from: 4, to: 2, at: 4, kind: 'message', task: undefined },
  ],
  begin: 1,
  end: 6,
}
const names = (...list: string[]) => new Set(list)
const namesOf = ({ lanes }: Swimlanes) => lanes.map(({ agent }) => agent)

test('a collapsed lane stands for its workers: their work in order, and the arrows that come from elsewhere', () => {
  const { lanes, arrows } = arranged(fleet, names(), names('chief'))
  expect(lanes.map(({ agent }) => agent)).toEqual(['chief', 'alone'])
  expect(lanes[0]?.under?.lanes.length).toBe(3)
  expect(lanes[0]?.under?.work.map(({ from, failed }) => [from, failed])).toEqual([
    [3, false],
    [5, true],
  ])
  expect(arrows.map(({ from, to }) => [from, to])).toEqual([[1, 0]])
})

test('pinned lanes stand first, also out of a collapsed one; without any the lanes are as they were', () => {
  expect(namesOf(arranged(fleet, names('other'), names()))).toEqual(['other', 'chief', 'lead', 'hand', 'alone'])
  expect(namesOf(arranged(fleet, names('hand'), names('chief')))).toEqual(['hand', 'chief', 'alone'])
  expect(arranged(fleet, names('hand'), names('chief')).arrows.map(({ from, to }) => [from, to])).toEqual([
    [1, 0],
    [2, 0],
  ])
  expect(namesOf(arranged(fleet, names('gone'), names('hand')))).toEqual(namesOf(fleet))
  expect(arranged(fleet, names(), names())).toBe(fleet)
})

test('names of any kind stand in the address', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), (list) => {
      expect([...parseNames(writeNames(list))]).toEqual(list)
    }),
  )
  expect([...toggled(names('a', 'b'), 'a')]).toEqual(['b'])
  expect([...toggled(names('a'), 'b')]).toEqual(['a', 'b'])
})

test('what is selected opens what hides it, and nothing else', () => {
  const folds = new Set(['chief', 'lead', 'alone'])
  const opened = (sel: string, pins: readonly string[] = []) => {
    const left = unfolded(fleet.lanes, folds, new Set(pins), sel)
    return left && [...left]
  }
  expect(opened('call:c5')).toEqual(['alone'])
  expect(opened('agent:other')).toEqual(['lead', 'alone'])
  expect(opened('agent:hand', ['hand'])).toEqual([...folds])
  expect(opened('agent:chief')).toEqual([...folds])
  expect(opened('call:unknown')).toBeUndefined()
})
