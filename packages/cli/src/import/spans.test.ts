/** Spans of nine frameworks and of OTLP's own examples. Each number is taken from the files by hand; where it can be, by a query too. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { EventInput, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { AgentRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { expect, test } from 'vitest'
import { formats } from './import.ts'

const root = resolve(import.meta.dirname, '..', '..', '..', '..')
const data = join(resolve(root, process.env.SIGNALBOX_TEST_DATA ?? '../shared/data'), 'genai-spans')
const read = (path: string) => ({ path, text: readFileSync(join(data, path), 'utf8') })
const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

function rowsOf(events: readonly EventInput[]) {
  const rows = createRows()
  for (const [index, input] of events.entries()) {
    const parsed = parseEvent(input, 't', limits, () => '')
    if (!parsed.ok) throw new Error(parsed.message)
    const logged: LoggedEvent = { ...parsed.event, partition: 0, position: index + 1, receivedAt: 0 }
    applyEvent(rows, logged)
  }
  const all = [...rows.entries()]
  const of = <T>(table: string) => all.flatMap(([name, , row]) => (name === table ? [row as T] : []))
  return { agents: of<AgentRow>('agents'), runs: of<RunRow>('runs'), tasks: of<TaskRow>('tasks') }
}

interface Expected {
  readonly file: string
  readonly spans: number
  /** Observations that are a model's call each; a generation that is none wraps one, or is an event of it. */
  readonly calls: RegExp
  readonly llm: number
  readonly tools: number
  readonly agents: readonly string[]
  readonly tasks: number
  readonly tokens: readonly [input: number, output: number, reasoning: number]
  readonly micros: number
  readonly run: string
}

const frameworks: readonly Expected[] = [
  {
    file: 'agno-2025-06-11',
    spans: 6,
    // Agno's own instrumentation and the model's: `OpenAIChat.invoke` around `chat gpt-4o-mini`.
    calls: /^chat /,
    llm: 2,
    tools: 1,
    agents: ['Agent'],
    tasks: 1,
    tokens: [163 + 663, 20 + 225, 0],
    micros: 36 + 234,
    run: 'Agent.run',
  },
  {
    file: 'autogen-2025-06-06',
    spans: 2,
    calls: /^chat /,
    llm: 1,
    tools: 0,
    agents: ['unknown_service'],
    tasks: 0,
    tokens: [41, 3, 0],
    micros: 25,
    run: 'autogen-chat-trace',
  },
  {
    file: 'beeai-2025-08-01',
    spans: 29,
    calls: /^backend\.openai\.chat\.start-/,
    llm: 3,
    tools: 1,
    agents: ['ReActAgent'],
    tasks: 1,
    tokens: [1195 + 1988 + 2359, 0, 0],
    micros: 179 + 298 + 354,
    run: 'beeai-framework-main',
  },
  {
    file: 'claude-agent-2025-12-22',
    spans: 7,
    calls: /^claude\.assistant\.turn$/,
    llm: 4,
    tools: 2,
    agents: ['unknown_service'],
    tasks: 0,
    tokens: [19 + 5 + 5 + 5, 29 + 53 + 56 + 94, 0],
    micros: 492 + 810 + 855 + 1425,
    run: 'claude.conversation',
  },
  {
    file: 'crewai-2025-07-11',
    spans: 6,
    calls: /^completion$/,
    llm: 1,
    tools: 0,
    agents: ['Software developer'],
    tasks: 1,
    tokens: [190, 164, 0],
    micros: 127,
    run: 'crewai-index-trace',
  },
  {
    file: 'csharp-agent-with-gemini-2026-03-09',
    spans: 8,
    calls: /^chat /,
    llm: 3,
    tools: 2,
    // Its agent is a plain span, and its root is not in the file.
    agents: ['agentic-clientinsights'],
    tasks: 0,
    tokens: [2546 + 3004 + 2497, 47 + 167 + 200, 0],
    micros: 881 + 1319 + 1249,
    run: 'Insights Agent C#',
  },
  {
    file: 'google-adk-2025-08-28',
    spans: 5,
    calls: /^call_llm$/,
    llm: 2,
    tools: 1,
    agents: ['hello_agent'],
    tasks: 1,
    tokens: [28 + 39, 3 + 6, 0],
    micros: 4 + 6,
    run: 'invocation [hello_app]',
  },
  {
    file: 'google-gemini-2025-08-01',
    spans: 1,
    calls: /^GenerateContent$/,
    llm: 1,
    tools: 0,
    agents: ['unknown_service'],
    tasks: 0,
    tokens: [6, 2055, 1104],
    micros: 5139,
    run: 'GenerateContent',
  },
  {
    file: 'koog-2025-08-26',
    spans: 11,
    calls: /^llm\.chat$/,
    llm: 2,
    tools: 2,
    agents: ['ai.koog/f9f77d1a-437f-4ba6-890e-b592a50cbd21'],
    tasks: 1,
    tokens: [47 + 168, 106 + 19, 0],
    micros: 1178 + 610,
    run: 'agent.f9f77d1a-437f-4ba6-890e-b592a50cbd21',
  },
]

interface Observation {
  readonly name: string
  readonly type: string
  readonly usageDetails: { readonly input?: number; readonly output?: number }
  readonly totalCost: number
}

test.each(frameworks)('langfuse: $file', ({ file, spans, calls, llm, tools, agents, tasks, tokens, micros, run }) => {
  const source = read(`langfuse-framework-traces/${file}.trace.json`)
  const { observations } = JSON.parse(source.text) as { observations: readonly Observation[] }
  const models = observations.filter(({ name, type }) => type === 'GENERATION' && calls.test(name))
  const sum = (of: (one: Observation) => number) => models.reduce((total, one) => total + of(one), 0)
  expect([observations.length, models.length]).toEqual([spans, llm])
  expect([sum(({ usageDetails }) => usageDetails.input ?? 0), sum(({ usageDetails }) => usageDetails.output ?? 0)]).toEqual(
    tokens.slice(0, 2),
  )
  expect(sum(({ totalCost }) => Math.round(totalCost * 1e6))).toBe(micros)

  const { events, report } = formats.langfuse.map([source])
  const rows = rowsOf(events)
  expect(report).toMatchObject({
    records: spans,
    runs: 1,
    agents: agents.length,
    tasks,
    delegations: 0,
    idsReusedWithOtherContent: [],
    lossy: [],
  })
  // Each span is one event of its own, whatever is derived from it.
  expect(events.filter(({ data }) => data?.derived !== true)).toHaveLength(spans)
  expect(rows.runs).toMatchObject([
    {
      name: { value: run },
      state: 'finished',
      totals: {
        llmCalls: llm,
        toolCalls: tools,
        errors: 0,
        inputTokens: tokens[0],
        outputTokens: tokens[1],
        reasoningTokens: tokens[2],
        costMicros: micros,
      },
    },
  ])
  expect(rows.agents.map(({ id }) => id)).toEqual(agents)
  // All of it is somebody's.
  expect(rows.agents.map(({ totals }) => [totals.llmCalls, totals.toolCalls, totals.inputTokens])).toEqual([[llm, tools, tokens[0]]])
  expect(rows.tasks.map(({ state }) => state)).toEqual(Array.from({ length: tasks }, () => 'completed'))
})

test('langfuse: all files at once are the same as each by itself, and scores are named as left out', () => {
  const sources = frameworks.map(({ file }) => read(`langfuse-framework-traces/${file}.trace.json`))
  const { events, report } = formats.langfuse.map(sources)
  expect(report).toMatchObject({ records: 75, runs: 9, agents: 7, tasks: 5 })
  // An agent that several recordings know stops once, at the end of the last.
  const own = ({ type }: EventInput) => type !== 'agent.stopped'
  const apart = sources.flatMap((source) => formats.langfuse.map([source]).events.filter(own))
  expect(new Set(events.filter(own).map(({ id }) => id))).toEqual(new Set(apart.map(({ id }) => id)))
  const scored = sources.filter(({ text }) => (JSON.parse(text) as { trace: { scores: readonly unknown[] } }).trace.scores.length > 0)
  expect(report.skipped).toMatchObject([{ what: 'scores', count: scored.length }])
})

test('otlp: the example trace is one span, whose parent is not there', () => {
  const { events, report } = formats.otlp.map([read('opentelemetry-proto-examples/trace.json')])
  expect(report).toMatchObject({ records: 1, runs: 1, agents: 0, skipped: [] })
  expect(events.map(({ type, run, time }) => [type, run, time])).toEqual([
    ['run.started', '5b8efff798038103d269b633813fc60c', '2018-12-13T14:51:00.000Z'],
    ['custom.otlp.span', '5b8efff798038103d269b633813fc60c', '2018-12-13T14:51:01.000Z'],
    ['run.finished', '5b8efff798038103d269b633813fc60c', '2018-12-13T14:51:01.000Z'],
  ])
})

test('otlp: spans, log records and data points of the examples, one event each', () => {
  const files = ['events', 'logs', 'metrics', 'trace'].map((name) => read(`opentelemetry-proto-examples/${name}.json`))
  const { events, report } = formats.otlp.map(files)
  const points = [...read('opentelemetry-proto-examples/metrics.json').text.matchAll(/"timeUnixNano"/g)].length
  expect(report.records).toBe(1 + 1 + points + 1)
  expect(events.filter(({ data }) => data?.derived !== true)).toHaveLength(report.records)
})

test('otlp: a span that is there twice is there once', () => {
  const { events, report } = formats.otlp.map([read('jaeger-otlp/otlp2jaeger-in.json')])
  expect(report.records).toBe(2)
  expect(events.filter(({ type }) => type === 'custom.otlp.span')).toHaveLength(1)
})

test('otlp: a request a line, as collectors write them; what is unreadable costs no other', () => {
  const line = JSON.stringify(JSON.parse(read('opentelemetry-proto-examples/trace.json').text))
  const { report } = formats.otlp.map([{ path: 'x.jsonl', text: [line, 'no JSON', '{"resourceSpans":7}', '{"other":1}', line].join('\n') }])
  expect(report).toMatchObject({ records: 2, runs: 1, events: 3 })
  expect(report.skipped.map(({ what }) => what).toSorted()).toEqual(['other JSON', 'request that cannot be decoded', 'unreadable line'])
})

test('langfuse: as its API gives a trace, with metadata as an object and an observation that never ended', () => {
  const observations = [
    {
      id: 'o1',
      type: 'GENERATION',
      name: 'answer',
      startTime: '2026-01-01T00:00:00Z',
      endTime: null,
      model: 'gpt-5',
      level: 'ERROR',
      statusMessage: 'cut off',
      usageDetails: { input: 3, input_cached_tokens: 2, output: 1 },
      metadata: { resourceAttributes: { 'service.name': 'shop' } },
      parentObservationId: null,
    },
  ]
  const { events, report } = formats.langfuse.map([{ path: 't.json', text: JSON.stringify({ id: 'uuid-1', name: 't', observations }) }])
  expect(report.lossy).toMatchObject([{ what: 'observation without an end', count: 1 }])
  expect(events.find(({ type }) => type === 'llm.failed')).toMatchObject({
    run: 'uuid-1',
    data: { call: 'o1', error: 'cut off', model: 'gpt-5', usage: { inputTokens: 5, cacheReadTokens: 2, outputTokens: 1 } },
  })
  expect(rowsOf(events).agents.map(({ id }) => id)).toEqual(['shop'])
})
