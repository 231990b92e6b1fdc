import type { EventInput, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMapping } from './mapping.ts'
import { agent, desk, span, trace } from './testing.ts'

const now = Date.UTC(2026, 10, 20)
const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

/** As the server folds what it stores: each id once. */
function fold(events: readonly EventInput[]) {
  const rows = createRows()
  const seen = new Map<string, string>()
  for (const input of events) {
    const parsed = parseEvent(input, 'default', limits, () => '')
    if (!parsed.ok) throw new Error(parsed.message)
    const content = JSON.stringify(input)
    const before = seen.get(parsed.event.id)
    if (before !== undefined) expect(content).toBe(before)
    else applyEvent(rows, { ...parsed.event, partition: 0, position: seen.size + 1, receivedAt: now } as LoggedEvent)
    seen.set(parsed.event.id, content)
  }
  return <T extends Table>(table: T) =>
    [...rows.entries()].flatMap(([of, , row]) => (of === table ? [row as RowOf[T]] : [])).sort((a, b) => (a.id < b.id ? -1 : 1))
}

type MapOf = ReturnType<typeof createMapping>
const eventsOf = (map: MapOf, batch: readonly unknown[]) =>
  map(batch, 'default', now).map((mapped) => {
    if (!('event' in mapped)) throw new Error(mapped.refused.message)
    return inputOf(mapped.event)
  })

const callsOf = (rows: ReturnType<typeof fold>) =>
  rows('calls').map(({ id, agent: by, task, usage }) => `${id} ${by} ${task} ${usage.inputTokens}/${usage.outputTokens}`)
const whole = [
  'f1 Triage a1 0/0',
  'f2 Researcher a2 0/0',
  'r1 Triage a1 20/2',
  'r2 Researcher a2 100/10',
  'r3 Researcher a2 110/11',
  'r4 Triage a1 30/3',
  'r5 Billing a3 50/5',
]

test('calls are told as they end, and are their agents’ with their tokens once the turns around them ended', () => {
  const rows = fold(eventsOf(createMapping(), desk('trace_1')))
  expect(callsOf(rows)).toEqual(whole)
  expect(rows('edges').map(({ kind, from, to, count }) => `${kind} ${from} ${to} ${count}`)).toEqual([
    'handoff Triage Billing 1',
    'delegation Triage Researcher 1',
  ])
  expect(rows('agents').map(({ id, role, manager, status }) => [id, role?.value, manager?.value, status?.value])).toEqual([
    ['Billing', 'worker', undefined, 'stopped'],
    ['Researcher', 'worker', 'Triage', 'stopped'],
    ['Triage', 'manager', undefined, 'stopped'],
  ])
  expect(rows('tasks').map(({ id, title, state, parent }) => [id, title?.value, state, parent])).toEqual([
    ['a1', 'Triage', 'completed', undefined],
    ['a2', 'Researcher', 'completed', 'a1'],
    ['a3', 'Billing', 'completed', undefined],
  ])
  const [run] = rows('runs')
  expect(run).toMatchObject({ id: 'trace_1', name: { value: 'Refund desk' }, state: 'finished', finishedAt: now + 52 })
  expect(run?.totals).toMatchObject({ inputTokens: 310, outputTokens: 31, reportedInputTokens: 290, reportedOutputTokens: 29 })
})

test('however the exporter cuts and repeats its batches, the same comes of it', () => {
  const records = desk('trace_1')
  const expected = fold(eventsOf(createMapping(), records))
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: records.length }), { maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      (at, again) => {
        const cuts = [0, ...at.sort((a, b) => a - b), records.length]
        const batches = cuts.slice(1).map((to, i) => records.slice(cuts[i], to))
        const map = createMapping()
        const rows = fold(batches.flatMap((batch, i) => [...eventsOf(map, batch), ...(again[i] ? eventsOf(map, batch) : [])]))
        expect(rows('calls')).toEqual(expected('calls'))
        expect(rows('agents').map(({ id, totals, role }) => [id, totals, role?.value])).toEqual(
          expected('agents').map(({ id, totals, role }) => [id, totals, role?.value]),
        )
        expect(rows('edges')).toEqual(expected('edges'))
      },
    ),
  )
})

test('a span gives the same events to a server that was started again; of its family it then knows less, and says nothing false', () => {
  const records = desk('trace_1').slice(1)
  const once = new Set(eventsOf(createMapping(), records).map((event) => JSON.stringify(event)))
  const half = records.length / 2
  const restarted = [records.slice(0, half), records.slice(half)].flatMap((batch) => eventsOf(createMapping(), batch))
  const unknown = restarted.filter((event) => !once.has(JSON.stringify(event)))
  expect(unknown).toEqual([])
})

test('the agents SDK without turns: calls are of the agent’s span, usage is their own', () => {
  const records = [
    trace('trace_1'),
    span('trace_1', {
      id: 'g1',
      parent: 'a1',
      from: 1,
      to: 5,
      data: { type: 'generation', model: 'm', usage: { input_tokens: 9, output_tokens: 2, details: { cached_input_tokens: 4 } } },
    }),
    span('trace_1', { id: 'a1', from: 0, to: 6, data: agent('Solo') }),
  ]
  const rows = fold(eventsOf(createMapping(), records))
  expect(rows('calls')).toMatchObject([
    { id: 'g1', name: 'm', agent: 'Solo', usage: { inputTokens: 9, cacheReadTokens: 4, outputTokens: 2 } },
  ])
  expect(rows('runs')).toMatchObject([{ state: 'finished' }])
})

test('what fails is told as failed, and only the try that was answered took tokens', () => {
  const tried = [
    span('trace_1', { id: 'r1', parent: 't1', from: 1, to: 2, data: { type: 'response' }, error: { message: '500' } }),
    span('trace_1', { id: 'r2', parent: 't1', from: 3, to: 4, data: { type: 'response' } }),
    span('trace_1', {
      id: 't1',
      parent: 'a1',
      from: 0,
      to: 5,
      data: { type: 'custom', data: { sdk_span_type: 'turn', agent_name: 'A', turn: 1, usage: { input_tokens: 7, output_tokens: 1 } } },
      error: { message: 'Error in agent run', data: { error: 'Error: lost' } },
    }),
    span('trace_1', { id: 'a1', parent: 'k1', from: 0, to: 5, data: agent('A'), error: { message: 'Error in agent run' } }),
    span('trace_1', { id: 'k1', from: 0, to: 5, data: { type: 'custom', data: { sdk_span_type: 'task' } }, error: { message: 'no' } }),
  ]
  const rows = fold(eventsOf(createMapping(), tried))
  expect(rows('calls')).toMatchObject([
    { id: 'r1', outcome: 'failed', error: '500', usage: { inputTokens: 0 } },
    { id: 'r2', outcome: 'finished', usage: { inputTokens: 7, outputTokens: 1 } },
  ])
  expect(rows('tasks')).toMatchObject([{ id: 'a1', state: 'failed' }])
  expect(rows('runs')).toMatchObject([{ state: 'failed', error: 'no' }])
})

test('each kind of span becomes an event, an unknown one too', () => {
  const kinds = ['guardrail', 'custom', 'mcp_tools', 'transcription', 'speech', 'speech_group', 'brand new', 'handoff', 'turn', 'agent']
  const types = kinds.flatMap((type) =>
    eventsOf(createMapping(), [span('trace_1', { id: type, parent: 'p', from: 1, to: 2, data: { type } })]).map((event) => event.type),
  )
  expect(types).toEqual([
    'approval.decided',
    'custom.openai-agents.custom',
    'tool.finished',
    'llm.finished',
    'llm.finished',
    'custom.openai-agents.speech_group',
    'custom.openai-agents.brand_new',
    'custom.openai-agents.handoff',
    'custom.openai-agents.turn',
    'custom.openai-agents.agent',
  ])
})

test('what agents put into their spans never keeps one out', () => {
  const deep = JSON.parse(`${'[{"a":'.repeat(5_000)}1${'}]'.repeat(5_000)}`)
  const hostile = JSON.parse(
    `{"type":"function","name":"\\u0000\\ud800${'n'.repeat(5_000)}","__proto__":{"x":1},"big":12345678901234567890,"huge":1e400,"text":"\\u0000"}`,
  )
  const data = { ...hostile, deep, long: 'x'.repeat(1_000_000), many: Array.from({ length: 20_000 }, (_, i) => ({ i })) }
  Object.defineProperty(data, '__proto__', { value: 1, enumerable: true })
  const events = eventsOf(createMapping(), [span('trace_1', { id: 's', parent: 's', from: 9, to: 1, data })])
  const rows = fold(events)
  expect(rows('calls')).toMatchObject([{ id: 's', outcome: 'finished' }])
  expect(events[0]?.data?.clipped).toEqual(expect.arrayContaining(['deep', 'long', 'many']))
  expect(JSON.stringify(events[0]).length).toBeLessThan(50_000)
  const circle = ['x', 'y'].map((id, i) => span('trace_1', { id, parent: i === 0 ? 'y' : 'x', from: 1, to: 2, data: { type: 'function' } }))
  expect(fold(eventsOf(createMapping(), circle))('calls')).toHaveLength(2)
})

test('beyond what is remembered of traces and spans, events come all the same', () => {
  const map = createMapping({ traces: 2, spans: 40, spansOfTrace: 5 })
  const traces = Array.from({ length: 5 }, (_, i) => `trace_${i}`)
  const rows = fold(traces.flatMap((id) => desk(id).flatMap((record) => eventsOf(map, [record]))))
  expect(rows('calls')).toHaveLength(traces.length * whole.length)
  expect(rows('runs').map(({ state }) => state)).toEqual(traces.map(() => 'finished'))
})

test('who sends the most traces loses its oldest, counted; another tenant’s calls still find their agent', () => {
  let forgotten = 0
  const map = createMapping({ traces: 100, spans: 20, spansOfTrace: 20 }, (waiting) => (forgotten += waiting))
  const call = (trace: string, id: string) => span(trace, { id, parent: 'top', from: 1, to: 2, data: { type: 'function', name: 'look' } })
  const top = (trace: string) => span(trace, { id: 'top', from: 0, to: 3, data: { type: 'agent', name: 'Ann' } })
  const isFound = (tenant: string, trace: string) =>
    map([top(trace)], tenant, 10).some((one) => 'event' in one && one.event.type === 'tool.attributed')
  map([call('trace_1', 'a')], 'small', 10)
  for (let i = 0; i < 30; i += 1) map([call(`trace_${i}`, 'a'), call(`trace_${i}`, 'b')], 'large', 10)
  expect(forgotten).toBe(42)
  expect([isFound('small', 'trace_1'), isFound('large', 'trace_29')]).toEqual([true, true])
  expect(isFound('large', 'trace_0')).toBe(false)
})

test('traces that are known already are bounded as they grow', () => {
  let forgotten = 0
  const map = createMapping({ traces: 100, spans: 20, spansOfTrace: 20 }, (waiting) => (forgotten += waiting))
  for (let i = 0; i < 10; i += 1)
    for (const trace of ['trace_1', 'trace_2', 'trace_3'])
      map([span(trace, { id: `call ${i}`, parent: 'top', from: 1, to: 2, data: { type: 'function', name: 'look' } })], 'one', 10)
  expect(forgotten).toBeGreaterThanOrEqual(10)
})
