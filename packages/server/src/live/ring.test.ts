import type { LoggedText } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf } from '../sequencer/commit.ts'
import { createTestLog } from './log.fake.ts'
import { createRing, type RingRow } from './ring.ts'
import { createSlab } from './slab.ts'

const text = fc.oneof(fc.constantFrom('\\N', '\\', 'a\tb', 'line\nend', '\r\\t', 'a'), fc.string({ unit: 'grapheme', minLength: 1 }))
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const event = fc.record({
  ...{ tenant: text, source: text, type: text, run: maybe(text), agent: maybe(text), task: maybe(text), cause: maybe(text) },
  ...{ trace: maybe(text), seq: maybe(fc.nat()), epoch: maybe(fc.nat()), time: fc.nat(), receivedAt: fc.nat(), dataJson: fc.json() },
})
const step = fc.record({
  partition: fc.nat(1),
  events: fc.array(event, { minLength: 1, maxLength: 6 }),
  hasLines: fc.boolean(),
  isMissed: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  settles: fc.boolean(),
})

test('what a ring covers it has as it was committed, told already or not, however little it may hold', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.constantFrom(1, 600, 3_000, 100_000), (steps, mostBytes) => {
      const ring = createRing([0, 0], mostBytes)
      const log: LoggedText[][] = [[], []]
      for (const { partition, events, hasLines, isMissed, settles } of steps) {
        const list = log[partition] ?? []
        const from = list.length + 1
        const made = events.map((one, i) => ({ ...one, id: uuidv7(one.time), partition, position: from + i }))
        list.push(...made)
        const commit = { partition, from, to: list.length, at: 0, events: made, rows: [] }
        if (!isMissed) ring.add(hasLines ? { ...commit, lines: linesOf(made) } : commit)
        if (settles) ring.settle(ring.heads)
        if (!isMissed) expect(mostBytes < 100_000 || ring.covers(partition, from - 1)).toBe(true)
        for (const [p, all] of log.entries())
          for (let after = 0; after <= all.length; after += 1) {
            const upTo = ring.heads[p] ?? 0
            if (ring.covers(p, after)) expect([...ring.events(p, after, upTo)]).toEqual(all.slice(after, upTo))
          }
      }
    }),
  )
})

const changes = [
  { type: 'agent.heartbeat', agent: 'a' },
  { type: 'task.assigned', agent: 'm', task: 't', data: { to: 'a' } },
  { type: 'task.assigned', agent: 'm', task: 't', data: { to: 'b' } },
  { type: 'task.started', agent: 'a', task: 't' },
  { type: 'task.started', agent: 'b', task: 'u' },
  { type: 'task.completed', agent: 'b', task: 'u' },
  { type: 'llm.started', agent: 'b', data: { call: 'c' } },
  { type: 'llm.finished', agent: 'b', data: { call: 'c' } },
]
const change = fc.record({
  partition: fc.nat(1),
  run: fc.constantFrom('r', 's'),
  types: fc.array(fc.nat(changes.length - 1), { minLength: 1, maxLength: 5 }),
  reread: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  settles: fc.boolean(),
})

test('of rows it covers a ring has the newest of each key, and what all of them left and whom they named, from wherever one reads', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), fc.constantFrom(12_000, 10_000_000), (steps, mostBytes) => {
      const log = createTestLog()
      const ring = createRing([0, 0], mostBytes)
      const known = createRing([0, 0], 10_000_000)
      const named = ({ table, key }: RingRow) => `${table} ${key}`
      for (const { partition, run, types, reread, settles } of steps) {
        const commit = log.commit(
          partition,
          types.map((i) => ({ ...changes[i], run: `${run}${partition}` })),
          { reread },
        )
        ring.add(commit)
        known.add(commit)
        if (settles) ring.settle(ring.heads)
        for (let p = 0; p < 2; p += 1)
          for (let after = 0; after <= (ring.heads[p] ?? 0); after += 1) {
            if (!ring.covers(p, after)) continue
            const upTo = ring.heads[p] ?? 0
            const all = [...known.rows(p, after, upTo)]
            const held = [...ring.rows(p, after, upTo)]
            const newest = new Map(held.map((row) => [named(row), row]))
            expect(Object.fromEntries([...newest].map(([name, { row }]) => [name, row]))).toEqual(
              Object.fromEntries(all.map((row) => [named(row), row.row])),
            )
            if (settles)
              expect(held.filter(({ table }) => table !== 'calls')).toHaveLength(
                [...newest.values()].filter(({ table }) => table !== 'calls').length,
              )
            for (const passed of all) {
              const heirs = held.filter((row) => row.table === passed.table && row.key === passed.key && row.position >= passed.position)
              const left = heirs.some((row) => row.was === 'unknown')
                ? 'unknown'
                : heirs.flatMap((row) => (row.was === 'unknown' ? [] : row.was))
              if (left !== 'unknown') for (const place of passed.was) expect(left).toContainEqual(place)
              expect(heirs.flatMap((row) => row.joined())).toEqual(expect.arrayContaining([...passed.joined()]))
            }
          }
      }
    }),
    { numRuns: 60 },
  )
})

test('a slab gives back what was not overwritten, and what came last unless it is larger than all of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 60 }),
      (capacity, texts) => {
        const slab = createSlab(capacity)
        const held: { start: number; text: string; length: number }[] = []
        for (const text of texts) {
          const bytes = Buffer.from(text)
          const start = slab.put(bytes)
          expect(start === undefined).toBe(bytes.length > capacity)
          if (start === undefined) continue
          held.push({ start, text, length: bytes.length })
          expect(start >= slab.oldest()).toBe(true)
          for (const one of held) if (one.start >= slab.oldest()) expect(slab.text(one.start, one.length)).toBe(one.text)
        }
      },
    ),
  )
})
