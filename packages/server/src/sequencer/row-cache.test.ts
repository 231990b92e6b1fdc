import type { CallRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyFilter } from './key-filter.ts'
import { createRowCache, trimTenants } from './row-cache.ts'

const row = { outcome: 'finished' } as CallRow
const keyOf = (i: number) => `run-${i % 20}\u001ftool\u001f${i.toString(36)}`

test('what was put into a filter is in it, and little else', () => {
  const filter = createKeyFilter(20_000)
  for (let i = 0; i < 20_000; i += 1) filter.add('calls', keyOf(i))
  let others = 0
  for (let i = 0; i < 20_000; i += 1) {
    expect(filter.mayHave('calls', keyOf(i))).toBe(true)
    if (filter.mayHave('calls', keyOf(i + 20_000))) others += 1
  }
  expect(others / 20_000).toBeLessThan(0.03)
  expect(filter.mayHave('tasks', keyOf(1))).toBe(false)
})

test('a cache never denies a row that there is, whatever it forgot', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (keys, every) => {
      const cache = createRowCache(20, true)
      keys.forEach((i, at) => {
        cache.set('calls', keyOf(i), row)
        if (at % every === 0) cache.trim()
      })
      for (const i of keys) expect(cache.get('calls', keyOf(i)) !== undefined || cache.mayExist('calls', keyOf(i))).toBe(true)
    }),
  )
})

test('of rows it never saw a cache knows nothing until it was told of all their keys', () => {
  const cache = createRowCache(20, false)
  expect(cache.mayExist('calls', 'anything')).toBe(true)
  cache.remember('calls', 'stored')
  expect(cache.mayExist('calls', 'anything')).toBe(true)
  cache.rememberedAll()
  expect([cache.mayExist('calls', 'stored'), cache.mayExist('calls', 'anything'), cache.isComplete()]).toEqual([true, false, false])
})

test('tenants are forgotten to the bound, also one whose rows are not all in the store', () => {
  const caches = new Map(
    ['a', 'b', 'c'].map((tenant) => {
      const cache = createRowCache(1_000, true)
      for (let i = 0; i < 100; i += 1) cache.set('calls', keyOf(i), row)
      return [tenant, cache] as const
    }),
  )
  trimTenants(caches, 150, (tenant) => (tenant === 'a' ? createRowCache(1_000, false) : undefined))
  expect([...caches].map(([tenant, cache]) => [tenant, cache.size()])).toEqual([
    ['a', 0],
    ['c', 100],
  ])
  expect(caches.get('a')?.mayExist('calls', keyOf(1))).toBe(true)
})
