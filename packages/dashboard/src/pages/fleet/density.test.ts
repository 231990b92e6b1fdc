import { expect, test } from 'vitest'
import { densityOf, heatOf } from './density.ts'
import { cellOf, idAt, placesOf, samePlaces } from './heat-place.ts'
import type { Group } from './order.ts'

const groups = (count: number, each: number): readonly Group[] =>
  Array.from({ length: count }, (_, group) => ({
    ...{ name: `g${group}`, count: each, busy: 0, troubled: 0, members: [], isFolded: false },
    ids: Array.from({ length: each }, (_, i) => `${group}.${i}`),
  }))

test('the more there are, the smaller each is, unless the address says how large', () => {
  expect([1, 300, 301, 1_500, 1_501, 10_000].map((count) => densityOf('', count))).toEqual([
    'tiles',
    'tiles',
    'compact',
    'compact',
    'heat',
    'heat',
  ])
  expect(densityOf('tiles', 10_000)).toBe('tiles')
  expect(densityOf('nonsense', 3)).toBe('tiles')
})

test.each([
  ['one group', 1, 10_000],
  ['few groups', 10, 1_000],
  ['a thousand groups of ten', 1_000, 10],
])('ten thousand dots in %s stand in one view of a laptop’s screen', (_, count, each) => {
  const { pitch, lines } = heatOf(groups(count, each), 'manager', 1_248, 620)
  const places = placesOf(lines, pitch)
  expect(places.height).toBeLessThanOrEqual(620)
  const ids = lines.flatMap((line) => (line.kind === 'agents' ? line.ids.filter((id) => id !== '') : []))
  expect(ids.length).toBe(10_000)
  for (const id of [ids[0], ids[4_321], ids.at(-1)].map((id) => id ?? '')) {
    const cell = cellOf(lines, id)
    const x = ((cell?.column ?? 0) + 0.5) * pitch
    expect(idAt(lines, places, pitch, x, (places.tops[cell?.line ?? 0] ?? 0) + pitch / 2)).toBe(id)
  }
  expect(idAt(lines, places, pitch, 5_000, 5)).toBeUndefined()
  expect(idAt(lines, places, pitch, 5, places.height + 1)).toBeUndefined()
})

test('only who stands elsewhere makes other places', () => {
  const { lines } = heatOf(groups(3, 40), 'run', 500, 300)
  const same = lines.map((line) => (line.kind === 'head' ? { ...line, busy: 7 } : { ...line, ids: [...line.ids] }))
  expect(samePlaces(lines, same)).toBe(true)
  expect(samePlaces(lines, same.with(1, { kind: 'agents', ids: ['other'] }))).toBe(false)
  expect(samePlaces(lines, lines.slice(1))).toBe(false)
})
