import type { StoredEvent } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { complete, type Known } from './complete.ts'
import { compile } from './evaluate.ts'
import { parse } from './parse.ts'
import { everything, print } from './query.ts'
import { ofFields, split } from './server-part.ts'

const event = (fields: Partial<StoredEvent>): StoredEvent => ({
  id: '01990000-0000-7000-8000-000000000001',
  type: 'tool.failed',
  source: 'here',
  agent: 'worker-1',
  run: 'long run',
  time: '2026-03-04T12:00:05.000Z',
  data: {},
  partition: 0,
  position: 1,
  receivedAt: '2026-03-04T12:00:05.000Z',
  ...fields,
})
const call = event({
  data: {
    name: 'Fetch',
    model: 'large',
    error: 'Connection reset by peer',
    startedAt: '2026-03-04T12:00:02.000Z',
    costMicros: 20_000,
    usage: { inputTokens: 9_000, outputTokens: 2_000 },
  },
})
const read = (text: string) => {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.problem.message)
  return parsed.query
}

test.each([
  ['', true],
  [
    'type:tool.* agent:worker-1 -type:agent.heartbeat "connection reset" data.model:large error is:failed run:"long run" duration>2s cost>0.01 (a or b)',
    true,
  ],
  ['type:tool', false],
  ['agent:worker-*', true],
  ['agent:"worker-*"', false],
  ['agent:boss,worker-1', true],
  ['agent:Worker-1', false],
  ['CONNECTION', true],
  ['connection peer', true],
  ['"connection peer"', false],
  ['duration>3s', false],
  ['duration>=3s', true],
  ['duration:3s', true],
  ['duration>0.05m', false],
  ['cost<=$0.02', true],
  ['tokens>10k', true],
  ['tokens>11k', false],
  ['data.usage.inputTokens>8k', true],
  ['data.usage.inputTokens:9000', true],
  ['data.nothing:x', false],
  ['-data.nothing:x', true],
  ['data.nothing>1', false],
  ['is:error is:ended -is:started', true],
  ['level:error', true],
  ['not (boss or nightly)', true],
  ['boss or fetch', true],
  ['boss or fetch nightly', false],
  ['boss and fetch or large', true],
  ['task:x', false],
])('%s: %s', (text, wanted) => {
  expect(compile(read(text))(call)).toBe(wanted)
})

test.each([
  ['"open', 0, 'The quote that opens here is not closed: write " at its end.'],
  ['a (b', 2, 'The bracket that opens here is not closed: write ) at its end.'],
  ['a) b', 1, 'No bracket is open here: take this one away, or write "(" before.'],
  ['a ()', 2, 'Nothing stands in these brackets: write what must match.'],
  ['agent:', 6, '“agent:” wants a value: write agent:worker-1.'],
  ['a or', 2, '“or” wants something on both sides; as text write "or".'],
  ['or a', 0, '“or” wants something on both sides; as text write "or".'],
  ['a and', 2, '“and” wants something on both sides; as text write "and".'],
  ['and a', 0, '“and” wants something on both sides; as text write "and".'],
  ['x -', 2, 'Nothing is denied here: write what must not match.'],
  ['duration>2', 9, '“2” is no figure of duration: write it as in duration>2s.'],
  ['agent>2', 0, '“agent” is no figure: write agent:worker-1.'],
  ['is:sad', 0, 'An event is never “sad”. Write is: and one of error, failed, waiting, started, ended, delegation.'],
])('%s is wrong at %i: %s', (text, at, message) => {
  expect(parse(text)).toMatchObject({ ok: false, problem: { at, message } })
})

test('an unknown field says which there are, and how to look for it as text', () => {
  const parsed = parse('x http://localhost:1')
  expect(parsed).toMatchObject({ ok: false, problem: { at: 2, length: 4 } })
  expect(!parsed.ok && parsed.problem.message).toMatch(
    /^There is no field “http”: there are type, agent, .*; as text write "http:\/\/localhost:1"\.$/,
  )
  expect(compile(read('"connection reset"'))(call)).toBe(true)
})

test('the server is asked for what it can do, the page for the rest', () => {
  const parts = (text: string) => {
    const { server, page } = split(read(text))
    return [server, print(page)]
  }
  expect(parts('type:tool.*,log agent:a -type:log hello')).toEqual([{ type: ['tool.*', 'log'], agent: ['a'] }, '-type:log hello'])
  expect(parts('agent:a or agent:b')).toEqual([{ agent: ['a', 'b'] }, ''])
  expect(parts('agent:a or run:b')).toEqual([{}, 'agent:a or run:b'])
  expect(parts('agent:a agent:b')).toEqual([{ agent: ['a'] }, 'agent:b'])
  expect(parts('agent:a* type:*.failed type:"tool.*"')).toEqual([{}, 'agent:a* type:*.failed type:"tool.*"'])
  expect(parts('')).toEqual([{}, ''])
  expect(print(ofFields({ type: 'tool.*', agent: 'a b', run: '', task: '' }))).toBe('type:tool.* agent:"a b"')
  expect(read('')).toEqual(everything)
})

const known: Known = {
  values: (field) => ({ agent: ['boss', 'worker-1', 'a b'], type: ['tool.*', 'tool.failed'] })[field] ?? [],
  dataFields: () => ['data.model', 'data.name'],
}
const offered = (text: string, caret = text.length) => complete(text, caret, known).map(({ label, text, caret }) => [label, text, caret])

test('completion offers fields, then their values, quoted where they need it', () => {
  expect(offered('ag')).toEqual([['agent:', 'agent:', 6]])
  expect(offered('x -ag y', 5)).toEqual([['agent:', 'x -agent: y', 9]])
  expect(offered('agent:')).toEqual([
    ['boss', 'agent:boss ', 11],
    ['worker-1', 'agent:worker-1 ', 15],
    ['a b', 'agent:"a b" ', 12],
  ])
  expect(offered('agent:boss,wo')).toEqual([['worker-1', 'agent:boss,worker-1 ', 20]])
  expect(offered('type:fail')).toEqual([['tool.failed', 'type:tool.failed ', 17]])
  expect(offered('type:to')[0]).toEqual(['tool.*', 'type:tool.* ', 12])
  expect(offered('is:fa')).toEqual([['failed', 'is:failed ', 10]])
  expect(offered('dur')).toEqual([['duration>', 'duration>', 9]])
  expect(offered('data.mo')).toEqual([['data.model:', 'data.model:', 11]])
  expect(offered('"agent:')).toEqual([])
  expect(offered('nope:')).toEqual([])
  expect(offered('x ')).toEqual([])
  expect(complete('x ', 2, known, true)[0]).toMatchObject({ label: 'type:', text: 'x type:' })
})
