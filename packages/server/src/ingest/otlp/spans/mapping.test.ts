/** What spans are told as together: whose calls, who gives whom work, runs, and what a bounded memory forgets. */
import { inputOf } from '@signalbox/model/foreign.ts'
import { expect, test } from 'vitest'
import type { Span } from '../otlp.ts'
import { createSpanMapping, type SpanMappingOptions } from './mapping.ts'
import { at, decoded, eventsOf, idOf, rowsOf, type Sketch, span, told, traceId } from './testing.ts'

const invoke = (name: string) => ({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name })
const chat = (input = 10, output = 1) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'gpt-5',
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
})
const tool = (name: string) => ({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name })

/** POST → boss → (chat, tool → writer → chat), as exporters send them: each when it ends. */
const team: readonly Sketch[] = [
  { id: 3, parent: 2, start: 2, end: 10, attributes: chat(100, 10) },
  { id: 6, parent: 5, start: 13, end: 20, attributes: chat(7, 2) },
  { id: 5, parent: 4, name: 'invoke_agent writer', start: 12, end: 21, attributes: invoke('writer') },
  { id: 4, parent: 2, start: 11, end: 22, attributes: tool('delegate') },
  { id: 2, parent: 1, name: 'invoke_agent boss', start: 1, end: 30, attributes: { ...invoke('boss'), 'gen_ai.usage.input_tokens': 107 } },
  { id: 1, name: 'POST /ask', start: 0, end: 31 },
]

/** Sends each span alone. */
function sendEach(sketches: readonly Sketch[], options: SpanMappingOptions = {}) {
  const mapping = createSpanMapping(options)
  const events = sketches.flatMap((sketch) => eventsOf(mapping.map(decoded([span(sketch)]), 't')))
  return { mapping, events, settled: () => mapping.settle(Number.POSITIVE_INFINITY).flatMap((one) => one.events.map(inputOf)) }
}

test('a manager, its worker, their calls, tokens once, a run from root to root', () => {
  const { agents, calls, edges, runs, tasks } = rowsOf(sendEach(team).events)
  expect([...agents.keys()].toSorted()).toEqual(['shop/boss', 'shop/writer'])
  expect(agents.get('shop/boss')).toMatchObject({
    role: { value: 'manager' },
    status: { value: 'idle' },
    heartbeatIntervalMs: 300_000,
    totals: { llmCalls: 1, toolCalls: 1, inputTokens: 100, outputTokens: 10, reportedInputTokens: 107 },
  })
  expect(agents.get('shop/writer')).toMatchObject({
    role: { value: 'worker' },
    manager: { value: 'shop/boss' },
    totals: { llmCalls: 1, inputTokens: 7 },
  })
  expect([...calls.values()].map(({ agent, task, startedAt }) => [agent, task, startedAt]).toSorted()).toEqual([
    ['shop/boss', idOf(2), at + 2],
    ['shop/boss', idOf(2), at + 11],
    ['shop/writer', idOf(5), at + 13],
  ])
  expect([...edges.values()]).toMatchObject([{ from: 'shop/boss', to: 'shop/writer', kind: 'delegation', count: 1, task: idOf(5) }])
  expect([...tasks.values()].map(({ id, state, parent, title }) => [id, state, parent, title?.value])).toEqual([
    [idOf(5), 'completed', idOf(2), 'invoke_agent writer'],
    [idOf(2), 'completed', undefined, 'invoke_agent boss'],
  ])
  expect(runs.get(traceId)).toMatchObject({
    name: { value: 'POST /ask' },
    state: 'finished',
    startedAt: at,
    finishedAt: at + 31,
    totals: { llmCalls: 2, toolCalls: 1, inputTokens: 107, outputTokens: 12 },
  })
})

test('a call is its agent’s as soon as that is known, and not before', () => {
  const { events } = sendEach(team.slice(0, 3))
  expect(events.filter(({ type }) => type === 'llm.attributed')).toMatchObject([
    { agent: 'shop/writer', task: idOf(5), data: { call: idOf(6), derived: true } },
  ])
  expect(events.find(({ type }) => type === 'llm.finished')?.agent).toBeUndefined()
})

test('whose calls are is told of many at once, the same event for the same calls in whatever order they came', () => {
  const calls = [2, 3, 4, 5].map((id) => span({ id, parent: 1, start: id, attributes: id < 4 ? chat() : tool('search') }))
  const boss = span({ id: 1, attributes: invoke('boss') })
  const whose = (...batches: readonly Span[][]) => {
    const mapping = createSpanMapping()
    return batches
      .flatMap((batch) => eventsOf(mapping.map(decoded(batch), 't')))
      .filter(({ type }) => type.endsWith('.attributed'))
      .toSorted((a, b) => (a.type < b.type ? -1 : 1))
  }
  const told = whose([...calls, boss])
  expect(told).toMatchObject([
    { type: 'llm.attributed', agent: 'shop/boss', task: idOf(1), data: { calls: [idOf(2), idOf(3)] } },
    { type: 'tool.attributed', agent: 'shop/boss', task: idOf(1), data: { calls: [idOf(4), idOf(5)] } },
  ])
  expect(whose([boss, ...calls])).toEqual(told)
  expect(whose([...calls, boss, ...calls, boss])).toEqual(told)
  expect(whose(calls.toReversed(), [boss])).toEqual(told)
  expect(whose(...calls.map((one) => [one]), [boss], [boss])).toEqual([...told, ...told].toSorted((a, b) => (a.type < b.type ? -1 : 1)))
})

test('calls under a root without an agent are the service’s', () => {
  const { agents, calls } = rowsOf(sendEach([{ id: 2, parent: 1, attributes: chat() }, { id: 1 }]).events)
  expect(agents.get('shop')).toMatchObject({
    name: { value: 'shop' },
    totals: { llmCalls: 1, inputTokens: 10 },
    heartbeatIntervalMs: 300_000,
  })
  expect([...calls.values()]).toMatchObject([{ agent: 'shop' }])
})

test('a root that never comes: the run is there at once, its calls find an agent and its end when the trace has been quiet', () => {
  const orphans = [
    { id: 3, parent: 2, start: 5, end: 50, attributes: chat() },
    { id: 2, parent: 99, name: 'handler', start: 1, end: 60 },
  ]
  const { events, settled, mapping } = sendEach(orphans)
  expect(rowsOf(events).runs.get(traceId)).toMatchObject({ state: 'running', totals: { llmCalls: 1 } })
  expect(mapping.settle(0)).toEqual([])
  const later = settled()
  const { runs, agents } = rowsOf([...events, ...later])
  expect(runs.get(traceId)).toMatchObject({ state: 'finished', name: { value: 'handler' }, startedAt: at + 1, finishedAt: at + 60 })
  expect(agents.get('shop')?.totals.llmCalls).toBe(1)
  expect(settled()).toEqual([])
})

test('a trace whose root came is over by it, and quiet says no more', () => {
  expect(sendEach(team).settled()).toEqual([])
})

test('a root that comes after its trace was taken for quiet contradicts nothing', () => {
  const mapping = createSpanMapping()
  const map = (sketch: Sketch) => eventsOf(mapping.map(decoded([span(sketch)]), 't'))
  const first = map({ id: 2, parent: 1, end: 50, attributes: chat() })
  const quiet = mapping.settle(Number.POSITIVE_INFINITY).flatMap((one) => one.events.map(inputOf))
  const { runs, agents } = rowsOf([...first, ...quiet, ...map({ id: 1, end: 90, name: 'invoke_agent boss', attributes: invoke('boss') })])
  expect(runs.get(traceId)?.state).toBe('finished')
  expect(agents.get('shop')?.totals.llmCalls).toBe(1)
})

test('the same span again is the same events, and so is what it made certain', () => {
  const mapping = createSpanMapping()
  const batches = [team.slice(0, 4), team.slice(4)].map((part) => decoded(part.map(span)))
  const once = batches.flatMap((batch) => eventsOf(mapping.map(batch, 't')))
  const again = batches.flatMap((batch) => eventsOf(mapping.map(batch, 't')))
  // A store that failed has neither the spans of a batch nor what they made certain of those before.
  expect(new Set(again.map(({ id }) => id))).toEqual(new Set(once.map(({ id }) => id)))
  expect(rowsOf([...once, ...again])).toEqual(rowsOf(once))
})

test('a server that has forgotten all tells the same', () => {
  const all = decoded(team.map(span))
  expect(createSpanMapping().map(all, 't')).toEqual(createSpanMapping().map(all, 't'))
})

test('the same span with other content is the same event with other content, which the store refuses by name', () => {
  const events = told([
    { id: 1, attributes: chat() },
    { id: 1, attributes: chat(11) },
  ])
  expect(() => rowsOf(events)).toThrow(/an id again with other content/)
})

test('a handoff, though its span says error, fails neither run nor agent', () => {
  const { runs, tasks, calls, edges } = rowsOf(
    told([
      {
        id: 3,
        parent: 2,
        name: 'transfer',
        attributes: { 'openinference.span.kind': 'TOOL' },
        error: "ParentCommand(Command(goto='bob'))",
      },
      { id: 4, parent: 2, name: 'handoff to bob', attributes: { 'openinference.span.kind': 'TOOL' } },
      {
        id: 2,
        parent: 1,
        name: 'alice',
        attributes: { 'openinference.span.kind': 'AGENT', 'agent.name': 'alice' },
        error: 'ParentCommand()',
      },
      {
        id: 1,
        name: 'graph',
        attributes: { 'openinference.span.kind': 'CHAIN' },
        error: 'Command',
        exception: 'langgraph.errors.GraphInterrupt',
      },
    ]),
  )
  expect(runs.get(traceId)?.state).toBe('finished')
  expect([...tasks.values()].map(({ state }) => state)).toEqual(['completed'])
  expect([...calls.values()].map(({ outcome }) => outcome)).toEqual(['finished'])
  expect([...edges.values()]).toMatchObject([{ from: 'shop/alice', to: 'shop/bob', kind: 'handoff', count: 1 }])
})

test('a root that failed is a run that failed', () => {
  expect(rowsOf(told([{ id: 1, error: 'boom' }])).runs.get(traceId)).toMatchObject({ state: 'failed', error: 'boom' })
})

test('AI SDK 5: the call within the call is counted, the sum around it reported', () => {
  const usage = { 'ai.usage.inputTokens': 30, 'ai.usage.outputTokens': 6, 'ai.telemetry.functionId': 'support' }
  const { runs } = rowsOf(
    told([
      { id: 2, parent: 1, attributes: { 'ai.operationId': 'ai.generateText.doGenerate', ...usage } },
      { id: 1, attributes: { 'ai.operationId': 'ai.generateText', ...usage } },
    ]),
  )
  expect(runs.get(traceId)?.totals).toMatchObject({ llmCalls: 1, inputTokens: 30, reportedInputTokens: 30 })
})

const twice: readonly Sketch[] = [
  { id: 4, parent: 3, start: 2, end: 9, attributes: chat(50, 5) },
  {
    id: 3,
    parent: 2,
    start: 1,
    end: 10,
    attributes: { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 50, 'llm.token_count.completion': 5 },
  },
  { id: 2, parent: 1, start: 0, end: 20, attributes: invoke('boss') },
  { id: 1, start: 0, end: 21 },
]

test.each([
  ['the inner one first', twice],
  ['the outer one first', twice.toReversed()],
])('one call that two instrumentations tell of is counted once: %s', (_, order) => {
  for (const events of [sendEach(order).events, told(order)]) {
    const { runs, agents, calls } = rowsOf(events)
    expect(runs.get(traceId)?.totals).toMatchObject({ llmCalls: 1, inputTokens: 50, outputTokens: 5 })
    expect(agents.get('shop/boss')?.totals).toMatchObject({ llmCalls: 1, inputTokens: 50 })
    expect(calls.size).toBe(1)
  }
})

test('of two calls in one document the inner one counts, wherever it stands', () => {
  for (const order of [twice, twice.toReversed()])
    expect([...rowsOf(told(order)).calls.values()]).toMatchObject([{ id: idOf(4), startedAt: at + 2 }])
})

test('a call that another instrumentation tells of too is found beside what else is below it', () => {
  const { runs } = rowsOf(
    sendEach([
      { id: 4, parent: 3, start: 1, end: 2, attributes: tool('cache') },
      { id: 5, parent: 3, start: 2, end: 9, attributes: chat(50, 5) },
      { id: 3, end: 10, attributes: chat(50, 5) },
    ]).events,
  )
  expect(runs.get(traceId)?.totals).toMatchObject({ llmCalls: 1, toolCalls: 1, inputTokens: 50 })
})

test('an agent that calls itself gives nobody work', () => {
  const { agents, edges, tasks } = rowsOf(
    told([
      { id: 2, parent: 1, attributes: invoke('boss') },
      { id: 1, attributes: invoke('boss') },
    ]),
  )
  expect(edges.size).toBe(0)
  expect(agents.get('shop/boss')).not.toMatchObject({ role: { value: expect.anything() } })
  expect(tasks.get(`${traceId}\u001f${idOf(2)}`)).toMatchObject({ parent: idOf(1), state: 'completed' })
})

test('a call of an agent that a tool of a call started is a call of its own (Google ADK)', () => {
  const { runs } = rowsOf(
    told([
      { id: 3, parent: 2, attributes: chat(5) },
      { id: 2, parent: 1, attributes: tool('ask') },
      { id: 1, attributes: chat(50) },
    ]),
  )
  expect(runs.get(traceId)?.totals).toMatchObject({ llmCalls: 2, inputTokens: 55 })
})

test('an end before its start takes no time', () => {
  const { calls } = rowsOf(told([{ id: 1, start: 100, end: 40, attributes: chat() }]))
  expect([...calls.values()]).toMatchObject([{ startedAt: at + 100, endedAt: at + 100 }])
})

test('a span without a time is refused by name and costs no other', () => {
  const bad = { ...span({ id: 2 }), start: 0, end: 0 }
  const mapped = createSpanMapping().map(
    { ...decoded([span({ id: 1 }), bad, span({ id: 3 })]), bad: [{ code: 'BAD_REQUEST', message: 'm', value: 1 }] },
    't',
  )
  const refused = mapped.flatMap((one) => ('refused' in one ? [[one.item, one.refused.code]] : []))
  expect(refused).toEqual([
    [1, 'INVALID_EVENT'],
    [3, 'BAD_REQUEST'],
  ])
  expect(new Set(mapped.map(({ item }) => item))).toEqual(new Set([0, 1, 2, 3]))
})

test('spans that are above themselves end', () => {
  const ring: Sketch[] = [
    { id: 1, parent: 3, attributes: chat() },
    { id: 2, parent: 1, attributes: chat() },
    { id: 3, parent: 2, attributes: chat() },
    { id: 4, parent: 4, attributes: chat() },
  ]
  expect(rowsOf([...sendEach(ring).events, ...told(ring)]).runs.get(traceId)?.totals.llmCalls).toBeGreaterThan(0)
})

test('a trace of 10,000 spans, one under the other, the deepest first', () => {
  const deep = Array.from(
    { length: 10_000 },
    (_, i): Sketch => ({ id: 10_001 - i, parent: 10_000 - i, attributes: i % 2 === 0 ? tool('t') : {} }),
  )
  const from = performance.now()
  const { events } = sendEach([...deep, { id: 1, attributes: invoke('boss') }])
  const whose = events.filter(({ type, agent }) => type === 'tool.attributed' && agent === 'shop/boss')
  expect(whose).toHaveLength(50)
  expect(new Set(whose.flatMap(({ data }) => data?.calls))).toEqual(new Set(Array.from({ length: 5_000 }, (_, i) => idOf(10_001 - 2 * i))))
  expect(performance.now() - from).toBeLessThan(20_000)
})

test('two traces, and two tenants with one trace, know nothing of each other', () => {
  const mapping = createSpanMapping()
  const call = decoded([span({ id: 2, parent: 1, attributes: chat() })])
  const agent = decoded([span({ id: 1, attributes: invoke('boss') })])
  const other = decoded([span({ id: 1, trace: 'f'.repeat(32), attributes: invoke('boss') })])
  mapping.map(call, 'a')
  const types = (...sent: Parameters<typeof mapping.map>) => eventsOf(mapping.map(...sent)).map(({ type }) => type)
  expect(types(other, 'a')).not.toContain('llm.attributed')
  expect(types(agent, 'b')).not.toContain('llm.attributed')
  expect(types(agent, 'a')).toContain('llm.attributed')
})

test('a delegation to another service is in one trace', () => {
  const mapping = createSpanMapping()
  const worker = mapping.map(decoded([span({ id: 2, parent: 1, attributes: invoke('writer') })], { service: 'press' }), 't')
  const manager = mapping.map(decoded([span({ id: 1, attributes: invoke('boss') })]), 't')
  expect([...rowsOf(eventsOf([...worker, ...manager])).edges.values()]).toMatchObject([{ from: 'shop/boss', to: 'press/writer' }])
})

test('unlimited traces are forgotten, the longest untouched first, and counted; another tenant’s are kept', () => {
  let forgotten = 0
  let waited = 0
  const mapping = createSpanMapping({
    mostTraces: 3,
    mostSpans: 100,
    onForgotten: (waiting) => {
      forgotten += 1
      waited += waiting
    },
  })
  const send = (trace: number, tenant: string, attributes: Readonly<Record<string, unknown>>, id: number, parent?: number) =>
    eventsOf(
      mapping.map(
        decoded([span({ id, ...(parent === undefined ? {} : { parent }), trace: trace.toString(16).padStart(32, '0'), attributes })]),
        tenant,
      ),
    )
  send(1, 'kept', chat(), 2, 1)
  // The first is touched again before the fourth and the fifth come.
  for (const [trace, id] of [
    [1, 2],
    [2, 2],
    [3, 2],
    [1, 3],
    [4, 2],
    [5, 2],
  ] as const)
    send(trace, 'many', chat(), id, 1)
  expect([forgotten, waited]).toEqual([2, 2])
  const attributes = invoke('boss')
  const isKnown = (trace: number, tenant: string) => send(trace, tenant, attributes, 1).some(({ type }) => type === 'llm.attributed')
  expect([isKnown(5, 'many'), isKnown(4, 'many'), isKnown(1, 'many'), isKnown(1, 'kept')]).toEqual([true, true, true, true])
  expect(isKnown(2, 'many')).toBe(false)
})

test('a trace that alone is too large is forgotten too', () => {
  let forgotten = 0
  const mapping = createSpanMapping({ mostSpans: 10, onForgotten: () => (forgotten += 1) })
  mapping.map(decoded(Array.from({ length: 11 }, (_, i) => span({ id: i + 2, parent: 1, attributes: chat() }))), 't')
  expect(forgotten).toBe(1)
  expect(mapping.settle(Number.POSITIVE_INFINITY)).toEqual([])
})

test('tenants together have a bound too: who has the most loses its oldest, and nobody else loses any', () => {
  let waited = 0
  const mapping = createSpanMapping({ mostSpans: 8, mostSpansInAll: 10, onForgotten: (waiting) => (waited += waiting) })
  const send = (
    tenant: string,
    trace: number,
    ids: readonly number[],
    attributes: Readonly<Record<string, unknown>> = chat(),
    parent: number | undefined = 1,
  ) =>
    eventsOf(
      mapping.map(
        decoded(
          ids.map((id) =>
            span({ id, ...(parent === undefined ? {} : { parent }), trace: trace.toString(16).padStart(32, '0'), attributes }),
          ),
        ),
        tenant,
      ),
    )
  send('small', 1, [2, 3])
  send('large', 2, [2, 3, 4])
  send('large', 3, [2, 3, 4])
  expect(waited).toBe(0)
  send('new', 4, [2, 3, 4])
  expect(waited).toBe(3)
  const isKnown = (tenant: string, trace: number) =>
    send(tenant, trace, [1], invoke('boss'), undefined).some(({ type }) => type === 'llm.attributed')
  expect([isKnown('small', 1), isKnown('new', 4), isKnown('large', 3)]).toEqual([true, true, true])
  expect(isKnown('large', 2)).toBe(false)
})
