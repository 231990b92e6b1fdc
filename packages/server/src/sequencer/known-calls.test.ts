import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashOfKey } from '../store/call-chunk.ts'
import { KnownCalls } from './known-calls.ts'

const keyOf = (run: string, n: number) => `${run}\u001ftool\u001f${n}`

/** As a writer: what closed before is told when a run is learned. */
function learn(known: KnownCalls, run: string, closed: Iterable<string>) {
  known.learn(run)
  for (const key of closed) known.addHash(run, String(hashOfKey(key)))
  known.learned(run)
}

test('no call that closed is ever said to be new, whatever was forgotten, learned and too large', () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('close' as const), run: fc.constantFrom('a', 'b', 'c'), n: fc.nat(200) }),
    fc.record({ does: fc.constant('learn' as const), run: fc.constantFrom('a', 'b', 'c'), n: fc.nat(1) }),
    fc.record({ does: fc.constant('forget' as const), run: fc.constant(''), n: fc.constantFrom(1, 300, 100_000) }),
    fc.record({ does: fc.constant('pass' as const), run: fc.constant(''), n: fc.constantFrom(1, 300, 30_000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const known = new KnownCalls(() => {})
      const closed = new Map<string, Set<string>>()
      for (const { does, run, n } of steps) {
        if (does === 'close') {
          if (!closed.has(run)) known.begin(run)
          known.add(run, keyOf(run, n))
          closed.set(run, (closed.get(run) ?? new Set()).add(keyOf(run, n)))
        } else if (does === 'forget') known.forget(n)
        else if (does === 'pass') for (let turn = 0; turn < n; turn += 1) known.turn()
        else if (closed.has(run) && known.isUnknown(run)) {
          if (n === 0) learn(known, run, closed.get(run) ?? [])
          else known.learn(run)
        }
        for (const [name, keys] of closed) for (const key of keys) expect(known.mayHave(name, key)).not.toBe(false)
        expect(known.bytes).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})

test('of a run that is learned only what closed is known, also what closes while it is', () => {
  const known = new KnownCalls(() => {})
  known.learn('r')
  known.addHash('r', String(hashOfKey(keyOf('r', 1))))
  known.add('r', keyOf('r', 2))
  expect([known.mayHave('r', keyOf('r', 3)), known.isUnknown('r'), known.isLearning('r')]).toEqual([undefined, false, true])
  known.learned('r')
  expect([1, 2, 3].map((n) => known.mayHave('r', keyOf('r', n)))).toEqual([true, true, false])
})

test('what nobody used lately is forgotten first, and its room is free again', () => {
  const known = new KnownCalls(() => {})
  const runs = Array.from({ length: 100 }, (_, i) => `run ${i}`)
  for (const run of runs) known.begin(run)
  for (let turn = 0; turn < 300; turn += 1) known.turn()
  const used = runs.filter((_, i) => i % 10 === 0)
  for (const run of used) known.mayHave(run, keyOf(run, 1))
  const before = known.bytes
  expect(known.forget(before / 2)).toBeGreaterThanOrEqual(before / 2)
  expect(used.map((run) => known.mayHave(run, keyOf(run, 1)))).not.toContain(undefined)
  expect(runs.filter((run) => known.isUnknown(run)).length).toBe(50)
  known.forget(Number.POSITIVE_INFINITY)
  expect(known.bytes).toBe(used.length * (before / runs.length))
})

test('of runs that nobody used lately twenty thousand are held, of those that are used all', () => {
  const known = new KnownCalls(() => {})
  const count = 30_000
  for (let i = 0; i < count; i += 1) known.begin(`${i}`)
  const held = () => Array.from({ length: count }, (_, i) => `${i}`).filter((run) => !known.isUnknown(run))
  known.turn()
  expect(held().length).toBe(count)
  for (let turn = 0; turn < 200; turn += 1) known.turn()
  expect(held()).toEqual(Array.from({ length: 20_000 }, (_, i) => `${count - 20_000 + i}`))
})

test('where all runs are used the largest has no room, until a while later', () => {
  const told: string[] = []
  const known = new KnownCalls((run) => told.push(run))
  for (const [run, calls] of Object.entries({ small: 10, large: 10_000, middling: 1_000 })) {
    known.begin(run)
    for (let n = 0; n < calls; n += 1) known.add(run, keyOf(run, n))
  }
  const bytesBefore = known.bytes
  expect(known.forget(1_000)).toBeGreaterThan(10_000 * 4)
  expect(known.bytes).toBeLessThan(bytesBefore - 10_000 * 4)
  expect(['small', 'large', 'middling'].map((run) => known.mayHave(run, keyOf(run, 99_999)))).toEqual([false, undefined, false])
  expect(told).toEqual(['large'])
  // Nobody learns it at once again, also where room is made meanwhile.
  for (let turn = 0; turn < 1_000; turn += 1) known.turn()
  known.forget(1)
  expect([known.isUnknown('large'), known.isUnknown('small')]).toEqual([false, true])
  known.add('large', keyOf('large', 1))
  for (let turn = 0; turn < 20_001; turn += 1) known.turn()
  expect(known.isUnknown('large')).toBe(true)
  learn(known, 'large', [keyOf('large', 1)])
  expect([1, 2].map((n) => known.mayHave('large', keyOf('large', n)))).toEqual([true, false])
})

test('a run with few closed calls takes 264 bytes, and one of a million at most seven a call', () => {
  const known = new KnownCalls(() => {})
  for (let i = 0; i < 1_000; i += 1) {
    known.begin(`${i}`)
    known.add(`${i}`, keyOf(`${i}`, 1))
  }
  expect(known.bytes).toBe(264_000)
  for (let n = 0; n < 1_000_000; n += 1) known.add('1', keyOf('1', n))
  expect((known.bytes - 264_000) / 1_000_000).toBeLessThan(7)
})
