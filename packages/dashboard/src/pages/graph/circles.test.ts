import fc from 'fast-check'
import { expect, test } from 'vitest'
import { circlesOf, loopsOf, waitsOf } from './circles.ts'
import { rowsOf } from './rows.testing.ts'

const arcs = (...pairs: string[]) => pairs.map((pair) => ({ from: pair[0] ?? '', to: pair[1] ?? '' }))

test('circles are found, each named by a shortest way around', () => {
  expect(circlesOf(arcs('ab', 'bc'))).toEqual([])
  expect(circlesOf(arcs('aa'))).toEqual([])
  const found = circlesOf(arcs('ab', 'ba', 'cd', 'de', 'ec'))
  expect(found.map((nodes) => [...nodes].sort().join(''))).toEqual(['ab', 'cde'])
})

test('whatever the arcs, what is named is a circle, and none is missed', () => {
  const node = fc.constantFrom(...'abcdef')
  fc.assert(
    fc.property(fc.array(fc.record({ from: node, to: node }), { maxLength: 14 }), (list) => {
      const has = new Set(list.map(({ from, to }) => `${from}${to}`))
      const circles = circlesOf(list)
      for (const nodes of circles) {
        expect(new Set(nodes).size).toBe(nodes.length)
        for (const [i, one] of nodes.entries()) expect(has.has(`${one}${nodes[(i + 1) % nodes.length]}`)).toBe(true)
      }
      // A pair that reaches each other is in some circle's part.
      const reaches = (from: string, to: string) => {
        const seen = new Set([from])
        for (const at of seen) for (const arc of list) if (arc.from === at) seen.add(arc.to)
        return from !== to && seen.has(to)
      }
      const anyCircle = [...'abcdef'].some((a) => [...'abcdef'].some((b) => reaches(a, b) && reaches(b, a)))
      expect(circles.length > 0).toBe(anyCircle)
    }),
  )
})

test('a long chain is walked without recursion', () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => ({ from: `${i}`, to: `${i + 1}` }))
  expect(circlesOf(chain)).toEqual([])
})

test('a giver waits for whom it gave an open task; two that gave each other wait in a circle', () => {
  const waits = waitsOf(
    rowsOf([
      ['task.assigned', 'a', 1, { task: '1', data: { to: 'b' } }],
      ['task.assigned', 'b', 2, { task: '2', data: { to: 'a' } }],
      ['task.assigned', 'a', 3, { task: '3', data: { to: 'c' } }],
      ['task.auth_required', 'c', 4, { task: '3' }],
      ['task.assigned', 'a', 5, { task: '4', data: { to: 'd' } }],
      ['task.completed', 'd', 6, { task: '4' }],
    ]),
  )
  expect(waits.arcs).toEqual([
    { from: 'agent:a', to: 'agent:b' },
    { from: 'agent:b', to: 'agent:a' },
    { from: 'agent:a', to: 'agent:c' },
  ])
  expect(waits.forPeople).toEqual(['agent:c'])
  expect(waits.circles.map((nodes) => [...nodes].sort())).toEqual([['agent:a', 'agent:b']])
})

test('what is handed on and back is a loop, gone around as often as both ways were', () => {
  const hand = (from: string, to: string, at: number) => ['handoff', from, at, { data: { to } }] as const
  const { edges } = rowsOf([
    hand('a', 'b', 1),
    hand('b', 'a', 2),
    hand('a', 'b', 3),
    hand('b', 'a', 4),
    hand('a', 'b', 5),
    hand('b', 'c', 6),
  ])
  expect(loopsOf({ edges }).map(({ nodes, rounds }) => [[...nodes].sort(), rounds])).toEqual([[['agent:a', 'agent:b'], 2]])
})
