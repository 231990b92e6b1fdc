/** What is made here is told exactly as a sender's event of the same words would be. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMake, inputOf } from './foreign.ts'
import { parseEvent, takeMade } from './validate.ts'

const limits = { maxDepth: 4, maxKeys: 6, maxStringChars: 20 }
const make = createMake()

const Name = fc.oneof(
  { weight: 20, arbitrary: fc.constant('w1') },
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('', 'w1', 'x'.repeat(256), 'x'.repeat(257), 'é', '\u0000', 'a\n'),
)
const Type = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('log', 'custom.x', 'x'.repeat(128)) },
  fc.constantFrom('log', 'task.assigned', 'llm.finished', 'agent.started', 'custom.x', 'x'.repeat(129), ' '),
  Name,
)
const Time = fc.oneof(
  fc.double({ min: 0, max: Date.UTC(9999, 11, 31), noNaN: true }),
  fc.constantFrom(0, 0.5, Date.UTC(9999, 11, 31), Date.UTC(9999, 11, 31) + 0.5, Date.UTC(10_000, 0, 1)),
)
const Counter = fc.oneof({ weight: 9, arbitrary: fc.nat() }, fc.nat(), fc.constantFrom(-1, 0.5, 2 ** 53))
const Data = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(fc.string({ maxLength: 8 }), fc.nat(), { maxKeys: 3 }) },
  fc.dictionary(
    fc.string({ maxLength: 24 }),
    fc.anything({ maxDepth: 5, values: [fc.string({ maxLength: 24 }), fc.double(), fc.constant(null)] }),
  ),
  fc.record({
    to: fc.oneof(fc.string(), fc.nat()),
    role: fc.constantFrom('worker', 'king'),
    usage: fc.record({ inputTokens: fc.integer() }),
  }),
)
const Draft = fc.record(
  {
    foreign: Name,
    type: Type,
    time: Time,
    run: Name,
    agent: Name,
    task: Name,
    cause: Name,
    seq: Counter,
    epoch: Counter,
    trace: Name,
    data: Data,
  },
  { requiredKeys: ['foreign', 'type', 'time', 'data'] },
)

test('an event that is made is taken as it would be if it were sent, or refused by the same words', () => {
  const seen = { taken: 0, refused: 0 }
  fc.assert(
    fc.property(Name, Draft, (source, draft) => {
      const made = make(source, draft)
      const taken = takeMade(made, 'default', limits)
      expect(taken).toStrictEqual(parseEvent(inputOf(made), 'default', limits, () => 'none'))
      seen[taken.ok ? 'taken' : 'refused'] += 1
    }),
    { numRuns: 1_000 },
  )
  expect(seen.taken).toBeGreaterThan(100)
  expect(seen.refused).toBeGreaterThan(100)
})
