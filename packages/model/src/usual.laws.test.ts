import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { EventInput } from './event.ts'
import { createIdSource } from './ids.ts'
import { createUsualEnvelopes } from './usual.ts'

const envelope = Compile(EventInput)
const nextId = createIdSource(Date.now)
const usual = { id: nextId(), source: 'w1', type: 'tool.started', time: '2026-02-28T10:00:00.123Z', run: 'r1', agent: 'w1', data: { a: 1 } }
const knowing = (time = usual.time) => {
  const envelopes = createUsualEnvelopes()
  envelopes.learn({ ...usual, time })
  return envelopes
}

/** A few characters that patterns stumble over, beside anything. */
const Text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    'a',
    'a'.repeat(128),
    'a'.repeat(129),
    'x'.repeat(256),
    'x'.repeat(257),
    '😀'.repeat(200),
    'a\n',
    '\u0000',
    '~ !',
    'é',
    'a b',
  ),
)
const Time = fc.oneof(
  Text,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc
    .tuple(
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 0, max: 99 }),
    )
    .map((parts) => {
      const [day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'))
      return `2026-02-${day}T${hour}:${minute}:${second}Z`
    }),
  fc.constantFrom('2026-02-28T10:00:00+01:00', '2026-02-28T10:00:00.1234567890Z', '2026-02-28t10:00:00z', '2026-02-28T23:59:60Z'),
)
const Any = fc.oneof(
  Text,
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, undefined, true, -1, 2 ** 53, 0.5),
  fc.array(fc.integer()),
  fc.object(),
)
const Input = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      field: fc.constantFrom(...Object.keys(EventInput.properties), 'other', '__proto__'),
      value: fc.oneof(Any, Time),
    }),
  },
  { weight: 1, arbitrary: fc.record({ field: fc.constant('time'), value: Time }) },
)

test('what is usual, the schema takes', () => {
  let taken = 0
  fc.assert(
    fc.property(fc.array(Input, { maxLength: 3 }), Time, (changes, day) => {
      const input: Record<string, unknown> = { ...usual, id: nextId() }
      for (const { field, value } of changes)
        Object.defineProperty(input, field, { value, enumerable: true, configurable: true, writable: true })
      const envelopes = envelope.Check({ ...usual, time: day }) ? knowing(day) : knowing()
      if (!envelopes.is(input)) return
      taken += 1
      expect(envelope.Check(input)).toBe(true)
    }),
    { numRuns: 5_000 },
  )
  expect(taken).toBeGreaterThan(100)
})

test('a usual event is told as one, from its second on a day', () => {
  const envelopes = createUsualEnvelopes()
  expect(envelopes.is(usual)).toBe(false)
  envelopes.learn(usual)
  expect(envelopes.is(usual)).toBe(true)
  expect(envelopes.is({ ...usual, time: '2026-02-30T10:00:00.123Z' })).toBe(false)
  expect(envelopes.is({ ...usual, seq: 3, epoch: 0, task: 't', cause: nextId(), trace: '00-ab-cd-01' })).toBe(true)
})
