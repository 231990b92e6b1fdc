import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gridOf } from './block.ts'
import { kept } from './keep.ts'
import { layOut } from './layout.ts'
import { nodeSize, type Places, type Shape } from './places.ts'

function overlaps(places: Places): number {
  const list = [...places.values()]
  let count = 0
  list.forEach((a, i) => {
    for (const b of list.slice(i + 1)) if (Math.abs(a.x - b.x) < nodeSize.width && Math.abs(a.y - b.y) < nodeSize.height) count += 1
  })
  return count
}
const edge = (from: string, to: string) => ({ from, to, weight: 1 })
const star = (leaves: number): Shape => ({
  nodes: ['boss', ...Array.from({ length: leaves }, (_, i) => `w${i}`)],
  edges: Array.from({ length: leaves }, (_, i) => edge('boss', `w${i}`)),
})

test('who gives stands left of whom it gives to', () => {
  const places = layOut({ nodes: ['a', 'b', 'c'], edges: [edge('a', 'b'), edge('b', 'c')] })
  const x = (node: string) => places.get(node)?.x ?? 0
  expect(x('a')).toBeLessThan(x('b'))
  expect(x('b')).toBeLessThan(x('c'))
})

test('a thousand workers of one manager are a block, not a column', () => {
  const places = layOut(star(1_000))
  expect(places.size).toBe(1_001)
  const ys = Array.from(places.values(), ({ y }) => y)
  const xs = Array.from(places.values(), ({ x }) => x)
  const [wide, tall] = [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)]
  expect(wide / tall).toBeGreaterThan(0.8)
  expect(wide / tall).toBeLessThan(3)
})

test('whatever the edges, each node has a place of its own', () => {
  const node = fc.integer({ min: 0, max: 24 }).map(String)
  const nodes = Array.from({ length: 25 }, (_, i) => String(i))
  fc.assert(
    fc.property(fc.array(fc.tuple(node, node), { maxLength: 40 }), (pairs) => {
      const places = layOut({ nodes, edges: pairs.map(([from, to]) => edge(from, to)) })
      expect([...places.keys()].sort()).toEqual([...nodes].sort())
      expect(overlaps(places)).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('without a layout they stand in rows', () => {
  const places = gridOf(star(99).nodes)
  expect(places.size).toBe(100)
  expect(overlaps(places)).toBe(0)
})

test('a new node is placed beside whom it has to do with, and nothing else moves', () => {
  const held = layOut(star(5))
  const { nodes, edges } = star(5)
  const grown = { nodes: [...nodes, 'new', 'lonely'], edges: [...edges, edge('boss', 'new')] }
  const places = kept(held, grown)
  for (const [node, place] of held) expect(places?.get(node)).toEqual(place)
  expect(places?.get('new')?.x).toBeGreaterThan(held.get('boss')?.x ?? 0)
  expect(overlaps(places ?? new Map())).toBe(0)
})

test('who left leaves his room, and much that is new is laid out anew', () => {
  const held = layOut(star(5))
  expect([...(kept(held, { nodes: ['boss', 'w1'], edges: [edge('boss', 'w1')] })?.keys() ?? [])]).toEqual(['boss', 'w1'])
  expect(kept(held, star(200))).toBe(undefined)
  expect(kept(new Map(), star(3))).toBe(undefined)
})
