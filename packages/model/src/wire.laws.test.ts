import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LoggedEvent, StoredEvent } from './event.ts'
import { fromWire, toWire } from './wire.ts'

const Text = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units))
const Name = fc.oneof(Text, fc.constantFrom('a"b', 'a\\b', '😀', 'a', '\ud800'))
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
// Seconds' edges and steps back and forth: what a remembered prefix would get wrong.
const Time = fc.oneof(
  fc.integer({ min: 0, max: 253_402_300_799_999 }),
  fc.constantFrom(0, 1, 999, 1_000, 1_001, 59_999, 60_000, 1_767_225_599_999, 1_767_225_600_000, 253_402_300_799_999),
)
const Logged: fc.Arbitrary<LoggedEvent> = fc
  .record({
    id: fc.uuid(),
    source: Name,
    type: Name,
    time: Time,
    run: optional(Name),
    agent: optional(Name),
    task: optional(Name),
    cause: optional(Name),
    trace: optional(Name),
    seq: optional(fc.oneof(fc.nat(3), fc.constant(Number.MAX_SAFE_INTEGER))),
    epoch: optional(fc.nat(3)),
    data: fc.dictionary(
      Text.filter((key) => key !== '__proto__'),
      Text,
    ),
    partition: fc.nat(7),
    position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    receivedAt: Time,
  })
  .map((event) => ({ ...event, tenant: 'default', dataJson: JSON.stringify(event.data) }))

test('an event comes back from the wire as it was, in any order of events', () => {
  fc.assert(
    fc.property(fc.array(Logged, { minLength: 1, maxLength: 8 }), (events) => {
      for (const event of events) expect(fromWire(JSON.parse(toWire(event)) as StoredEvent, 'default')).toEqual(event)
    }),
  )
})

test('times on the wire are what Date writes', () => {
  fc.assert(
    fc.property(Logged, (event) => {
      const wire = JSON.parse(toWire(event)) as StoredEvent
      expect([wire.time, wire.receivedAt]).toEqual([new Date(event.time).toISOString(), new Date(event.receivedAt).toISOString()])
    }),
  )
})
