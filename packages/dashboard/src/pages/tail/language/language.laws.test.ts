import type { StoredEvent } from '@signalbox/model/event.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { complete, type Known } from './complete.ts'
import { compile } from './evaluate.ts'
import { kinds, textFields } from './fields.ts'
import { mostChars, parse } from './parse.ts'
import { all, any, print, type Query, type Value } from './query.ts'
import { split } from './server-part.ts'

const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }),
  fc.constantFrom(
    'or',
    'and',
    'not',
    'OR',
    '-x',
    'a:b',
    'a>b',
    'tool.*',
    'x*y',
    'a,b',
    '"',
    '\\',
    '(',
    ') ',
    'type:',
    'is',
    '>=2',
    'worker-1',
    ' ',
  ),
)
const value: fc.Arbitrary<Value> = word.chain((text) =>
  // A pattern is written without quotes, so it has nothing that needs them.
  /^[^\s()",<>=][^\s()",]*$/.test(text) && text.includes('*')
    ? fc.constantFrom({ text, pattern: true }, { text, pattern: false })
    : fc.constant({ text, pattern: false }),
)
const leaf: fc.Arbitrary<Query> = fc.oneof(
  word.map((text): Query => ({ kind: 'text', text })),
  fc.record({
    kind: fc.constant('field' as const),
    field: fc.constantFrom(...Object.keys(textFields), 'data.model', 'data.a.b-c'),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('field' as const),
    field: fc.constant('is'),
    values: fc.constantFrom(...Object.keys(kinds)).map((text) => [{ text, pattern: false }]),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constantFrom('cost', 'tokens', 'data.retries', 'seq'),
    by: fc.constantFrom('=' as const, '>' as const, '>=' as const, '<' as const, '<=' as const),
    written: fc.constantFrom('0', '10', '0.01', '-3', '10k', '1.5M'),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constant('duration'),
    by: fc.constant('>' as const),
    written: fc.constantFrom('2s', '500ms', '1.5m', '3h'),
  }),
)
const query: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    tie('query').map((of): Query => ({ kind: 'not', of })),
    fc.array(tie('query'), { minLength: 2, maxLength: 4 }).map((of) => all(...of)),
    fc.array(tie('query'), { minLength: 2, maxLength: 4 }).map((of) => any(...of)),
  ),
})).query

const name = fc.constantFrom('worker-1', 'worker-2', 'boss', 'nightly', 'a b', 'x')
const event: fc.Arbitrary<StoredEvent> = fc.record(
  {
    id: fc.uuid(),
    source: name,
    type: fc.constantFrom('tool.failed', 'tool.finished', 'toolbox', 'task.assigned', 'agent.heartbeat', 'log', 'x.tool.y'),
    time: fc.constant('2026-03-04T12:00:05.000Z'),
    run: name,
    agent: name,
    task: name,
    data: fc.record(
      { model: name, costMicros: fc.nat(100_000), startedAt: fc.constant('2026-03-04T12:00:00.000Z'), message: fc.string() },
      { requiredKeys: [] },
    ),
    partition: fc.constant(0),
    position: fc.constant(1),
    receivedAt: fc.constant('2026-03-04T12:00:06.000Z'),
  },
  { requiredKeys: ['id', 'source', 'type', 'time', 'data', 'partition', 'position', 'receivedAt'] },
) as fc.Arbitrary<StoredEvent>

test('what is printed is read as the same query', () => {
  fc.assert(
    fc.property(query, (made) => {
      const text = print(made)
      fc.pre(text.length <= mostChars)
      expect(parse(text)).toEqual({ ok: true, query: made })
    }),
    { numRuns: 2_000 },
  )
})

const pieces = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '(',
        ')',
        '"',
        '-',
        ' or ',
        ' and ',
        'not ',
        'type:',
        'duration>',
        'is:',
        'data.',
        ',',
        '*',
        '>=',
        '\\',
        ' ',
        '2s',
        'nope:x',
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

test('whatever is typed, it is read or it is said where it is wrong; nothing is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
      const read = parse(text)
      if (read.ok) {
        expect(parse(print(read.query))).toEqual(read)
        compile(read.query)
        split(read.query)
        return
      }
      const { at, length, message } = read.problem
      expect(at).toBeGreaterThanOrEqual(0)
      expect(at).toBeLessThanOrEqual(text.length)
      expect(length).toBeGreaterThan(0)
      expect(message).toMatch(/[Ww]rite|at most/)
    }),
    { numRuns: 5_000 },
  )
})

test('depth is bounded', () => {
  for (const text of ['('.repeat(1_900), '-'.repeat(1_900), `${'('.repeat(900)}a${')'.repeat(900)}`, 'not '.repeat(400)])
    expect(parse(text).ok).toBe(false)
})

test('what passes the query passes the server’s part, and both parts together are the query', () => {
  const has = (wanted: readonly string[] | undefined, found: string | undefined) =>
    wanted === undefined || (found !== undefined && wanted.includes(found))
  const typed = (wanted: readonly string[] | undefined, type: string) =>
    wanted === undefined || wanted.some((want) => (want.endsWith('.*') ? type.startsWith(want.slice(0, -1)) : type === want))
  const ofServer = fc.record({
    kind: fc.constant('field' as const),
    field: fc.constantFrom('type', 'agent', 'run', 'task'),
    values: fc.array(
      fc.oneof(
        name.map((text) => ({ text, pattern: false })),
        fc.constantFrom({ text: 'tool.*', pattern: true }, { text: 'tool.failed', pattern: false }, { text: 'w*', pattern: true }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(ofServer, query), { minLength: 1, maxLength: 4 }).map((of) => all(...of)),
      event,
      (asked, one) => {
        const { server, page } = split(asked)
        const byServer =
          has(server.run, one.run) && has(server.agent, one.agent) && has(server.task, one.task) && typed(server.type, one.type)
        expect(byServer && compile(page)(one)).toBe(compile(asked)(one))
      },
    ),
    { numRuns: 3_000 },
  )
})

test('not and the rest are what logic says', () => {
  fc.assert(
    fc.property(query, query, event, (a, b, one) => {
      const passes = (asked: Query) => compile(asked)(one)
      expect(passes({ kind: 'not', of: a })).toBe(!passes(a))
      expect(passes(all(a, b))).toBe(passes(a) && passes(b))
      expect(passes(any(a, b))).toBe(passes(a) || passes(b))
    }),
  )
})

test('what completion offers is read, or is on its way to it', () => {
  const known: Known = { values: () => ['worker-1', 'a b', 'tool.*', 'x,y', 'say "hi"'], dataFields: () => ['data.model'] }
  fc.assert(
    fc.property(pieces, fc.nat(200), (text, at) => {
      const caret = Math.min(at, text.length)
      for (const option of complete(text, caret, known)) {
        expect(option.caret).toBeLessThanOrEqual(option.text.length)
        expect(option.text.length).toBeGreaterThanOrEqual(0)
      }
    }),
    { numRuns: 1_000 },
  )
})
