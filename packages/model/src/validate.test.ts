import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EventInput } from './event.ts'
import type { RefusalCode } from './refusals.ts'
import { parseEvent } from './validate.ts'

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const made = '018bcfe5-6800-7b66-8e08-9b15b823fa56'
const base = { source: 'w1', type: 'log', time: '2026-01-01T00:00:00Z' }
const parse = (more: object) => parseEvent({ ...base, ...more }, 'default', limits, () => made)
const refusal = (input: unknown) => {
  const parsed = parseEvent(input, 'default', limits, () => made)
  return parsed.ok ? 'accepted' : `${parsed.code} ${parsed.message}`
}
const nested = (depth: number, isArray = false) => {
  const data: Record<string, unknown> = {}
  let at: Record<string, unknown> | unknown[] = data
  for (let i = 1; i < depth; i += 1) {
    const next: Record<string, unknown> | unknown[] = isArray && i % 2 === 1 ? [] : {}
    if (Array.isArray(at)) at.push(next)
    else at.a = next
    at = next
  }
  return data
}

describe('a refusal names the field and what was expected', () => {
  test.each<readonly [unknown, string]>([
    [{ type: 'log', time: base.time }, 'INVALID_EVENT /source is missing.'],
    [{ ...base, source: 5 }, 'INVALID_EVENT /source must be string.'],
    [{ ...base, sorce: 'w1' }, 'INVALID_EVENT /sorce is not a field of an event; put it in data.'],
    [{ ...base, ['x'.repeat(100_000)]: 1 }, `INVALID_EVENT /${'x'.repeat(299)}… is not a field of an event; put it in data.`],
    [{ ...base, seq: 1.5 }, 'INVALID_EVENT /seq must be integer.'],
    [{ ...base, data: [] }, 'INVALID_EVENT /data must be object.'],
    [{ ...base, type: 'task.assigned', data: {} }, 'INVALID_EVENT /data/to is missing.'],
    [{ ...base, type: 'llm.attributed', data: {} }, 'INVALID_EVENT /data/call is missing.'],
    [
      { ...base, type: 'llm.attributed', data: { calls: Array(101).fill('c') } },
      'INVALID_EVENT /data/calls must not have more than 100 items.',
    ],
    [{ ...base, type: 'llm.finished', data: { usage: { inputTokens: '5' } } }, 'INVALID_EVENT /data/usage/inputTokens must be integer.'],
    [
      { ...base, type: 'agent.started', data: { role: 'king' } },
      'INVALID_EVENT /data/role must be "manager", "worker", "tool" or "human".',
    ],
    [null, 'INVALID_EVENT The event must be object.'],
    [
      JSON.parse('{"source":"w1","type":"log","time":"2026-01-01T00:00:00Z","__proto__":1}'),
      'INVALID_EVENT /__proto__ is not a field of an event; put it in data.',
    ],
  ])('%j', (input, expected) => {
    expect(refusal(input)).toBe(expected)
  })
})

test('what is far too large is refused before it is held against the schema, which takes long', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))
  expect(refusal({ ...base, ...many(100) })).toBe('INVALID_EVENT The event has more than 64 fields; put them in data.')
  expect(refusal({ source: 5, data: many(1_001) })).toMatch(/^TOO_MANY_KEYS /)
})

test.each(['a\u0000', 'a\n', '\u007f', 'a\u0080', 'a\u009f', 'a\ud800', '\udc00', '', 'a'.repeat(257)])(
  'the identifier %j is refused',
  (agent) => {
    expect(refusal({ ...base, agent })).toMatch(/^INVALID_EVENT \/agent /)
  },
)
test.each(['a', 'agent 😀', 'é', 'a'.repeat(256)])('the identifier %j is taken', (agent) => {
  expect(parse({ agent })).toMatchObject({ ok: true, event: { agent } })
})

test.each([
  'nonsense',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2016-12-31T23:59:61Z',
  '2016-12-31T22:59:60Z',
  '2016-02-30T23:59:60Z',
  '2016-12-31T23:59:60',
  '1969-12-31T23:59:60Z',
  '1969-12-31T23:59:59Z',
])('the time %s is refused', (time) => {
  expect(refusal({ ...base, time })).toMatch(/^INVALID_EVENT \/time /)
})
test.each([
  '2016-12-31T23:59:60Z',
  '2016-12-31T23:59:60.75Z',
  '2016-12-31t23:59:60z',
  '2017-01-01T00:59:60+01:00',
  '2016-12-31T15:59:60.123-08:00',
])('the leap second %s is the last millisecond before it', (time) => {
  expect(parse({ time })).toMatchObject({ ok: true, event: { time: Date.parse('2016-12-31T23:59:59.999Z') } })
})
test('a time is kept to the millisecond, in UTC', () => {
  expect(parse({ time: '2026-01-01T00:00:00.123456789+05:30' })).toMatchObject({ ok: true, event: { time: 1_767_205_800_123 } })
})

test('an id is lower-cased; one that is absent is made', () => {
  expect(parse({ id: '018BCFE5-6800-8B66-8E08-9B15B823FA56' })).toMatchObject({
    idMade: false,
    event: { id: '018bcfe5-6800-8b66-8e08-9b15b823fa56' },
  })
  expect(parse({})).toMatchObject({ idMade: true, event: { id: made } })
})

describe('limits of data', () => {
  const code = (data: unknown) => {
    const parsed = parse({ data })
    return parsed.ok ? 'accepted' : parsed.code
  }
  test.each<readonly [string, unknown, RefusalCode | 'accepted']>([
    ['depth 64', nested(64), 'accepted'],
    ['depth 65', nested(65), 'TOO_DEEP'],
    ['depth 100,000, objects', nested(100_000), 'TOO_DEEP'],
    ['depth 100,000, lists', nested(100_000, true), 'TOO_DEEP'],
    ['1,000 keys', Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 1])), 'accepted'],
    ['1,001 keys over two objects', { a: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 1])) }, 'TOO_MANY_KEYS'],
    ['100,000 lists in a list', { a: Array.from({ length: 100_000 }, () => []) }, 'accepted'],
    [
      'more of them over two lists',
      { a: Array.from({ length: 60_000 }, () => []), b: Array.from({ length: 60_000 }, () => ({})) },
      'TOO_MANY_KEYS',
    ],
    ['a string of the limit', { a: 'x'.repeat(1_000_000) }, 'accepted'],
    ['a longer string in a list', { a: ['x'.repeat(1_000_001)] }, 'STRING_TOO_LONG'],
    ['a longer key', { ['x'.repeat(1_000_001)]: 1 }, 'STRING_TOO_LONG'],
    ['__proto__', JSON.parse('{"__proto__":1}'), 'KEY_FORBIDDEN'],
    ['__proto__ in a list', JSON.parse('{"a":[{"b":{"__proto__":{}}}]}'), 'KEY_FORBIDDEN'],
    ['keys that objects inherit', { constructor: 1, toString: 2 }, 'accepted'],
    ['2^53 - 1', { a: [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER] }, 'accepted'],
    ['2^53', { a: 2 ** 53 }, 'NUMBER_NOT_EXACT'],
    ['-2^53 in a list', { a: [-(2 ** 53)] }, 'NUMBER_NOT_EXACT'],
    ['1e400', JSON.parse('{"a":1e400}'), 'NUMBER_NOT_EXACT'],
    ['fractions', { a: 0.1, b: 5e-324 }, 'accepted'],
  ])('%s', (_, data, expected) => {
    expect(code(data)).toBe(expected)
  })
})

test('data is kept to the last character, with NUL and lone surrogates; fields and types unknown are kept untouched', () => {
  const Text = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units))
  fc.assert(
    fc.property(
      fc.constantFrom('log', 'llm.finished', 'custom.thing', 'constructor', 'toString'),
      fc.dictionary(
        Text.filter((key) => key !== '__proto__'),
        fc.oneof(Text, fc.maxSafeInteger(), fc.array(Text)),
      ),
      (type: EventInput['type'], extra) => {
        const parsed = parse({ type, data: { extra } })
        expect(parsed.ok && JSON.parse(parsed.event.dataJson)).toEqual({ extra })
      },
    ),
  )
})
