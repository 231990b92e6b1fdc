import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIdSource, firstIdOf, foreignId, idTime, partitionOf, uuidv7 } from './ids.ts'

const Time = fc.integer({ min: 0, max: 2 ** 48 - 1 })

test('an id carries its time in the first 48 bits, and sorts by it', () => {
  fc.assert(
    fc.property(Time, Time, (a, b) => {
      expect(idTime(uuidv7(a))).toBe(a)
      expect(idTime(foreignId('s', 'f', 'k', a))).toBe(a)
      if (a < b) expect(uuidv7(a) < uuidv7(b)).toBe(true)
      expect(firstIdOf(a) <= uuidv7(a)).toBe(true)
    }),
  )
})

test('the same foreign input gives the same id for ever', () => {
  expect(foreignId('github', '42', 'task.created', 1_700_000_000_000)).toBe('018bcfe5-6800-8b66-8e08-9b15b823fa56')
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (source, foreign, kind, other) => {
      const id = foreignId(source, foreign, kind, 5)
      expect(id).toBe(foreignId(source, foreign, kind, 5))
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      if (other !== foreign) expect(foreignId(source, other, kind, 5)).not.toBe(id)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), Time, (foreign, time) => {
      expect(foreignId('s', foreign, 'k', time, (text) => hash('sha256', text))).toBe(foreignId('s', foreign, 'k', time))
    }),
  )
  expect(foreignId('s', '\ud800', 'k', 5, (text) => hash('sha256', text))).toBe(foreignId('s', '\ud800', 'k', 5))
  // The parts do not run into each other.
  expect(foreignId('ab', 'c', '', 5)).not.toBe(foreignId('a', 'bc', '', 5))
})

test('a source of ids strictly increases within a millisecond, past its counter, and when the clock steps back', () => {
  const times = [5, 5, 4, ...new Array<number>(9_000).fill(5), 6, 1]
  let i = 0
  const next = createIdSource(() => times[i++] ?? 7)
  let last = ''
  for (const _ of times) {
    const id = next()
    expect(id > last).toBe(true)
    last = id
  }
})

test('a source of ids follows a clock that was put back by more than a minute: no id stays in the future', () => {
  let now = 10_000_000
  const next = createIdSource(() => now)
  next()
  now -= 59_000
  expect(idTime(next())).toBe(10_000_000)
  now -= 3_600_000
  expect(idTime(next())).toBe(now)
  const [one, other] = [next(), next()]
  expect(idTime(other)).toBe(now)
  expect(other > one).toBe(true)
})

test('partitions are stable and even', () => {
  expect([partitionOf('default', 'run-1', 4), partitionOf('default', 'run-2', 4), partitionOf('other', 'run-1', 4)]).toEqual([3, 2, 1])
  const counts = new Array<number>(4).fill(0)
  for (let i = 0; i < 8_000; i += 1)
    counts[partitionOf('default', `run-${i}`, 4)] = (counts[partitionOf('default', `run-${i}`, 4)] ?? 0) + 1
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200)
})
