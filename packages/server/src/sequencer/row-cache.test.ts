import type { AgentRow, CallRow, RunRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runOfKey } from '../store/call-chunk.ts'
import { KeyFilter } from './key-filter.ts'
import { createRowCache, type RowCache, type RowCacheOptions, trimTenants } from './row-cache.ts'

const row = { outcome: 'finished' } as CallRow
const cacheOf = (options: Partial<RowCacheOptions>) =>
  createRowCache({ mostRows: 1_000, complete: true, mayRemember: () => true, onTooLarge: () => {}, ...options })
/** As a commit that is the first of its run. */
const setCall = (cache: RowCache, key: string, call: CallRow) => {
  const run = runOfKey(key)
  if (cache.get('runs', run) === undefined && !cache.mayExist('runs', run)) cache.calls.begin(run)
  cache.set('runs', run, {} as RunRow)
  cache.set('calls', key, call)
}
const keyOf = (i: number) => `run-${i % 20}\u001ftool\u001f${i.toString(36)}`

test('what was put into a filter is in it, and little else, however often it grew', () => {
  const filter = new KeyFilter(() => true)
  const added = 100_000
  let others = 0
  for (let i = 0; i < added; i += 1) {
    // Few keys have few bits, in which others are easily found.
    if (filter.mayHave('calls', keyOf(added + i))) others += 1
    expect(filter.add('calls', keyOf(i))).toBe(true)
    if (!filter.mayHave('calls', keyOf(i))) throw new Error(`It never had ${keyOf(i)}.`)
  }
  expect(others / added).toBeLessThan(0.0001)
  others = 0
  for (let i = 0; i < added; i += 1) {
    if (!filter.mayHave('calls', keyOf(i))) throw new Error(`It forgot ${keyOf(i)}.`)
    if (filter.mayHave('calls', keyOf(i + added))) others += 1
  }
  expect(others / added).toBeLessThan(0.0001)
  expect(filter.mayHave('tasks', keyOf(1))).toBe(false)
})

test('a filter takes room for the keys it has, once each, and says when there is none', () => {
  const limit = 100_000
  const filter: KeyFilter = new KeyFilter((bytes) => filter.bytes + bytes <= limit)
  let taken = 0
  while (filter.add('calls', keyOf(taken))) taken += 1
  expect(filter.bytes).toBeLessThanOrEqual(limit)
  expect(filter.bytes / taken).toBeLessThan(4.5)
  const small = new KeyFilter(() => true)
  for (let round = 0; round < 100_000; round += 1) small.add('calls', keyOf(round % 100))
  expect(small.bytes).toBeLessThan(5_000)
})

test('a cache has the newest row of a key, or says that there may be one, whatever it forgot', () => {
  const change = fc.record({ i: fc.integer({ min: 0, max: 60 }), closes: fc.boolean(), forgotten: fc.constantFrom(0, 0, 0, 1, 1_000) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (changes, every) => {
      const cache = cacheOf({ mostRows: 20, mostClosed: 8 })
      const newest = new Map<string, CallRow>()
      changes.forEach(({ i, closes, forgotten }, at) => {
        const made = (closes ? { ...row } : {}) as CallRow
        setCall(cache, keyOf(i), made)
        newest.set(keyOf(i), made)
        if (at % every === 0) cache.trim()
        cache.calls.forget(forgotten)
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
    cache.calls.begin(runOfKey(keyOf(i)))
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
  const cache = cacheOf({ mostRows: 20, mayRemember: () => room })
  cache.remember('calls', keyOf(0))
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

test('a call of a run that there is not is new, and so is one of a run that began here; of any other run nothing is known until it is learned', () => {
  const cache = cacheOf({ mostRows: 20, complete: false })
  cache.remember('runs', 'stored')
  cache.rememberedAll()
  const isNew = (run: string, call = 'new') => !cache.mayExist('calls', `${run}\u001ftool\u001f${call}`)
  setCall(cache, 'begun\u001ftool\u001fclosed', row)
  expect([isNew('begun'), isNew('begun', 'closed'), isNew('none'), isNew('stored'), isNew('')]).toEqual([true, false, true, false, false])
  cache.calls.learn('stored')
  expect(isNew('stored')).toBe(false)
  cache.calls.learned('stored')
  expect(isNew('stored')).toBe(true)
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
