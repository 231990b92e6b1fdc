import type { AgentRow, CallRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashOfKey } from '../store/call-chunk.ts'
import { createKeyFilter } from './key-filter.ts'
import { createRowCache, type RowCacheOptions, trimTenants } from './row-cache.ts'

const row = { outcome: 'finished' } as CallRow
const cacheOf = (options: Partial<RowCacheOptions>) =>
  createRowCache({ mostRows: 1_000, complete: true, mayRemember: () => true, ...options })
const keyOf = (i: number) => `run-${i % 20}\u001ftool\u001f${i.toString(36)}`

test('what was put into a filter is in it, and little else, however often it grew', () => {
  const filter = createKeyFilter(() => true)
  const added = 100_000
  for (let i = 0; i < added; i += 1) expect(filter.add('calls', keyOf(i))).toBe(true)
  let others = 0
  for (let i = 0; i < added; i += 1) {
    if (!filter.mayHave('calls', keyOf(i))) throw new Error(`It forgot ${keyOf(i)}.`)
    if (filter.mayHave('calls', keyOf(i + added))) others += 1
  }
  expect(others / added).toBeLessThan(0.0001)
  expect(filter.mayHave('tasks', keyOf(1))).toBe(false)
})

test('a filter takes room for the keys it has, once each, and says when there is none', () => {
  const limit = 100_000
  const filter = createKeyFilter((bytes) => filter.bytes() + bytes <= limit)
  let taken = 0
  while (filter.add('calls', keyOf(taken))) taken += 1
  expect(filter.bytes()).toBeLessThanOrEqual(limit)
  expect(filter.bytes() / taken).toBeLessThan(4.5)
  const small = createKeyFilter(() => true)
  for (let round = 0; round < 100_000; round += 1) small.add('calls', keyOf(round % 100))
  expect(small.bytes()).toBeLessThan(5_000)
})

test('a cache has the newest row of a key, or says that there may be one, whatever it forgot', () => {
  const change = fc.record({ i: fc.integer({ min: 0, max: 60 }), closes: fc.boolean() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (changes, every) => {
      const cache = cacheOf({ mostRows: 20, mostClosed: 8 })
      const newest = new Map<string, CallRow>()
      changes.forEach(({ i, closes }, at) => {
        const made = (closes ? { ...row } : {}) as CallRow
        cache.set('calls', keyOf(i), made)
        newest.set(keyOf(i), made)
        if (at % every === 0) cache.trim()
      })
      for (const [key, made] of newest) {
        const held = cache.get('calls', key)
        expect(held === undefined ? cache.mayExist('calls', key) : held === made).toBe(true)
      }
    }),
  )
})

test('closed calls push out no other row', () => {
  const cache = cacheOf({ mostRows: 20, mostClosed: 8 })
  cache.set('agents', 'a', {} as AgentRow)
  for (let i = 0; i < 100; i += 1) {
    cache.set('calls', keyOf(i), {} as CallRow)
    cache.set('calls', keyOf(i), row)
    cache.trim()
  }
  expect(cache.get('agents', 'a')).toBeDefined()
  expect([cache.get('calls', keyOf(0)), cache.mayExist('calls', keyOf(0)), cache.get('calls', keyOf(99))]).toEqual([undefined, true, row])
  expect(cache.size()).toBeLessThan(20)
})

test('a cache with no room for keys says of all that is not in it that it may exist', () => {
  let room = true
  const cache = cacheOf({ mostRows: 20, mostClosed: 8, mayRemember: () => room })
  cache.set('calls', keyOf(0), row)
  expect(cache.mayExist('calls', 'anything')).toBe(false)
  room = false
  for (let i = 1; cache.remember('calls', keyOf(i)); i += 1);
  expect([cache.mayExist('calls', 'anything'), cache.rememberedBytes()]).toEqual([true, 0])
  cache.rememberedAll()
  expect(cache.mayExist('calls', 'anything')).toBe(true)
})

test('of rows it never saw a cache knows nothing until it was told of all their keys', () => {
  const cache = cacheOf({ mostRows: 20, complete: false })
  expect(cache.mayExist('calls', 'anything')).toBe(true)
  cache.remember('calls', 'stored')
  expect(cache.mayExist('calls', 'anything')).toBe(true)
  cache.rememberedAll()
  expect([cache.mayExist('calls', 'stored'), cache.mayExist('calls', 'anything')]).toEqual([true, false])
})

test('hashes of closed calls tell what is new until their keys do, and where there is no room for those nothing does', () => {
  const hashes = createKeyFilter(() => true)
  const stored = Array.from({ length: 1_000 }, (_, i) => keyOf(i))
  for (const key of stored) hashes.add('calls', String(hashOfKey(key)))
  let room = true
  const cacheWithHashes = () => {
    const cache = cacheOf({ mostRows: 20, complete: false, mayRemember: () => room })
    cache.remember('agents', 'w1')
    cache.rememberedBut(hashes)
    return cache
  }
  const cache = cacheWithHashes()
  expect(stored.map((key) => cache.mayExist('calls', key))).not.toContain(false)
  const others = [cache.mayExist('calls', 'new'), cache.mayExist('agents', 'w1'), cache.mayExist('agents', stored[0] ?? '')]
  expect(others).toEqual([false, true, false])
  cache.remember('calls', stored[7] ?? '')
  cache.rememberedAll()
  expect([7, 8].map((i) => cache.mayExist('calls', stored[i] ?? ''))).toEqual([true, false])

  const full = cacheWithHashes()
  room = false
  for (const key of Array.from({ length: 100_000 }, (_, i) => `more ${i}`)) if (!full.remember('calls', key)) break
  expect(full.mayExist('calls', 'new')).toBe(true)
})

test('tenants are forgotten to the bound, also one whose rows are not all in the store', () => {
  const caches = new Map(
    ['a', 'b', 'c'].map((tenant) => {
      const cache = cacheOf({})
      for (let i = 0; i < 100; i += 1) cache.set('calls', keyOf(i), row)
      return [tenant, cache] as const
    }),
  )
  trimTenants(caches, 150, (tenant) => (tenant === 'a' ? cacheOf({ complete: false }) : undefined))
  expect([...caches].map(([tenant, cache]) => [tenant, cache.size()])).toEqual([
    ['a', 0],
    ['c', 100],
  ])
  expect(caches.get('a')?.mayExist('calls', keyOf(1))).toBe(true)
})
