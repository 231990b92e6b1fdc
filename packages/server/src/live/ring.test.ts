import type { LoggedText } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf } from '../sequencer/commit.ts'
import { createRing } from './ring.ts'
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
