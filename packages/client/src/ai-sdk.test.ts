import { isKnownType } from '@signalbox/model/vocabulary.ts'
import { expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { signalboxTelemetry } from './ai-sdk.ts'
import type { EmitContext } from './work.ts'

interface Told {
  readonly type: string
  readonly data: Record<string, unknown>
  readonly of: EmitContext
}

/** An agent that only writes down. */
function recorded(id: string, run?: string, told: Told[] = []) {
  const emit: Agent['emit'] = (type, data = {}, of = {}) => {
    expect(isKnownType(type)).toBe(true)
    return String(told.push({ type, data, of: { agent: id, ...(run && { run }), ...of } }))
  }
  const unused = () => {
    throw new Error('Not for telemetry.')
  }
  const stats = unused
  return { told, agent: { id, run, emit, task: unused, llm: unused, tool: unused, flush: unused, stop: unused, stats } as Agent }
}
const typesOf = (told: readonly Told[]) => told.map(({ type }) => type)
const ends = { promptless: { callId: 'c1', usage: { inputTokens: 9, outputTokens: 4 }, finishReason: 'stop' } }

test('a call is told as it goes: the model when it is asked, each tool when it begins, the task around them', () => {
  const { told, agent } = recorded('desk', 'nightly')
  const hooks = signalboxTelemetry(agent)
  const of = { agent: 'desk', run: 'nightly', task: 'c1' }
  hooks.onStart({ callId: 'c1', operationId: 'ai.generateText', functionId: 'answer', modelId: 'm', provider: 'p' })
  hooks.onLanguageModelCallStart({ callId: 'c1', modelId: 'm', provider: 'p' })
  expect(told.at(-1)).toEqual({ type: 'llm.started', data: { call: 'c1:1', name: 'm', model: 'm', provider: 'p' }, of })
  const usage = {
    inputTokens: 9,
    inputTokenDetails: { cacheReadTokens: 5, cacheWriteTokens: undefined },
    outputTokens: 4,
    outputTokenDetails: { reasoningTokens: 1 },
  }
  hooks.onLanguageModelCallEnd({ callId: 'c1', modelId: 'm-2', provider: 'p', finishReason: 'tool-calls', usage, responseId: 'r1' })
  expect(told.at(-1)).toEqual({
    type: 'llm.finished',
    data: {
      call: 'c1:1',
      name: 'm-2',
      model: 'm-2',
      provider: 'p',
      usage: { inputTokens: 9, cacheReadTokens: 5, outputTokens: 4, reasoningTokens: 1 },
      finishReason: 'tool-calls',
      response: 'r1',
    },
    of,
  })
  const toolCall = { toolCallId: 't1', toolName: 'search' }
  hooks.onToolExecutionStart({ callId: 'c1', toolCall })
  hooks.onToolExecutionEnd({ callId: 'c1', toolCall, toolOutput: { type: 'tool-error', error: new Error('no network') } })
  hooks.onStepEnd({ callId: 'c1', stepNumber: 0, finishReason: 'tool-calls' })
  hooks.onEnd(ends.promptless)
  expect(told.slice(4)).toEqual([
    { type: 'tool.started', data: { call: 't1', name: 'search' }, of },
    { type: 'tool.failed', data: { call: 't1', name: 'search', error: 'no network' }, of },
    { type: 'task.progress', data: { note: 'step 1: tool-calls' }, of },
    { type: 'task.completed', data: { reported: { inputTokens: 9, outputTokens: 4 } }, of },
  ])
  expect(told.slice(0, 2)).toEqual([
    { type: 'task.created', data: { title: 'answer' }, of },
    { type: 'task.started', data: { operation: 'ai.generateText', model: 'm', provider: 'p' }, of },
  ])
})

test('where no run is told each call is one', () => {
  const { told, agent } = recorded('desk')
  const hooks = signalboxTelemetry(agent)
  hooks.onStart({ callId: 'c1', operationId: 'ai.embed' })
  hooks.onEmbedStart({ callId: 'c1', embedCallId: 'e1', modelId: 'v' })
  hooks.onEmbedEnd({ callId: 'c1', embedCallId: 'e1', modelId: 'v', usage: { tokens: 7 } })
  hooks.onEnd({ callId: 'c1' })
  expect(typesOf(told)).toEqual([
    'run.started',
    'task.created',
    'task.started',
    'llm.started',
    'llm.finished',
    'task.completed',
    'run.finished',
  ])
  expect(new Set(told.map(({ of }) => of.run))).toEqual(new Set(['desk/c1']))
  expect(told[4]?.data).toMatchObject({ call: 'e1', usage: { inputTokens: 7 } })
})

test.each([
  ['an error', (hooks: Hooks) => hooks.onError({ callId: 'c1', error: new Error('overloaded') }), 'task.failed', 'overloaded'],
  [
    'an abort of a call that does not stream',
    (hooks: Hooks) => hooks.onError({ callId: 'c1', error: Object.assign(new Error('stopped'), { name: 'AbortError' }) }),
    'task.canceled',
    'aborted',
  ],
  ['an abort', (hooks: Hooks) => hooks.onAbort({ callId: 'c1', reason: 'the user left' }), 'task.canceled', 'aborted'],
  [
    'a stream whose model failed',
    (hooks: Hooks) => hooks.onEnd({ callId: 'c1', finishReason: 'error' }),
    'task.failed',
    'the model failed',
  ],
])('%s ends the open model call, the task and the run', (_, end, type, error) => {
  const { told, agent } = recorded('desk')
  const hooks = signalboxTelemetry(agent)
  hooks.onStart({ callId: 'c1' })
  hooks.onLanguageModelCallStart({ callId: 'c1', modelId: 'm' })
  end(hooks)
  expect(typesOf(told).slice(-3)).toEqual(['llm.failed', type, 'run.failed'])
  expect(told.at(-3)?.data).toMatchObject({ call: 'c1:1', error })
  // All of it is over.
  hooks.onEnd({ callId: 'c1' })
  expect(typesOf(told).at(-1)).toBe('run.failed')
})
type Hooks = ReturnType<typeof signalboxTelemetry>

test('a model that is asked again has failed before', () => {
  const { told, agent } = recorded('desk', 'r')
  const hooks = signalboxTelemetry(agent)
  hooks.onStart({ callId: 'c1' })
  for (let tries = 0; tries < 2; tries += 1) hooks.onLanguageModelCallStart({ callId: 'c1', modelId: 'm' })
  hooks.onLanguageModelCallEnd({ callId: 'c1', modelId: 'm' })
  expect(told.slice(2).map(({ type, data }) => [type, data.call])).toEqual([
    ['llm.started', 'c1:1'],
    ['llm.failed', 'c1:1'],
    ['llm.started', 'c1:2'],
    ['llm.finished', 'c1:2'],
  ])
})

test('what a tool asks of a model is a task given to a worker: by the name of its function, or the agent of its own integration', async () => {
  const told: Told[] = []
  const desk = signalboxTelemetry(recorded('desk', 'r', told).agent)
  const writer = signalboxTelemetry(recorded('writer', undefined, told).agent)
  const inTool = (work: () => void) =>
    desk.executeTool({
      callId: 'c1',
      execute: async () => {
        await Promise.resolve()
        work()
      },
    })
  const call = (hooks: Hooks, callId: string, functionId?: string) => () => {
    hooks.onStart({ callId, functionId, modelId: 'm' })
    hooks.onEnd({ callId })
  }
  desk.onStart({ callId: 'c1', functionId: 'answer' })
  told.length = 0

  await inTool(call(desk, 'c2', 'researcher'))
  const of = { agent: 'desk/researcher', run: 'r', task: 'c2' }
  expect(told.splice(0)).toEqual([
    {
      type: 'agent.started',
      data: { role: 'worker', name: 'researcher', manager: 'desk', model: 'm', intervalMs: 300_000 },
      of: { agent: 'desk/researcher', run: 'r' },
    },
    {
      type: 'task.assigned',
      data: { title: 'researcher', parent: 'c1', from: 'desk', to: 'desk/researcher' },
      of: { ...of, agent: 'desk' },
    },
    { type: 'task.started', data: { operation: 'ai', model: 'm' }, of },
    { type: 'task.completed', data: {}, of },
    { type: 'agent.stopped', data: {}, of },
  ])

  await inTool(call(writer, 'c3', 'page'))
  expect(told.splice(0).map(({ type, data, of: { agent, run, task } }) => [type, agent, run, task, data.to])).toEqual([
    ['task.assigned', 'desk', 'r', 'c3', 'writer'],
    ['task.started', 'writer', 'r', 'c3', undefined],
    ['task.completed', 'writer', 'r', 'c3', undefined],
  ])

  await inTool(call(desk, 'c4'))
  expect(told[0]).toMatchObject({ type: 'task.created', data: { parent: 'c1' }, of: { agent: 'desk', task: 'c4' } })
})

test('two calls of one worker: it stops with the last of them', async () => {
  const { told, agent } = recorded('desk', 'r')
  const hooks = signalboxTelemetry(agent)
  hooks.onStart({ callId: 'c1' })
  await hooks.executeTool({
    callId: 'c1',
    execute: async () => {
      for (const callId of ['c2', 'c3']) hooks.onStart({ callId, functionId: 'w' })
      for (const callId of ['c2', 'c3']) hooks.onEnd({ callId })
    },
  })
  expect(typesOf(told).filter((type) => type === 'agent.stopped')).toHaveLength(1)
  expect(typesOf(told).at(-1)).toBe('agent.stopped')
})

test('events of another version, of calls it never saw, or of no form at all reach nobody, and tools work on', async () => {
  const { told, agent } = recorded('desk', 'r')
  const hooks = signalboxTelemetry(agent) as unknown as Record<string, (event: unknown) => unknown>
  const circular: Record<string, unknown> = { callId: 'c1' }
  circular.usage = circular
  for (const event of [undefined, null, 7, {}, { callId: 'none' }, circular])
    for (const [name, hook] of Object.entries(hooks))
      if (name !== 'executeTool' && name !== 'onStart') expect(() => hook(event)).not.toThrow()
  expect(() => hooks.onStart?.(undefined)).not.toThrow()
  expect(told).toEqual([])
  expect(await signalboxTelemetry(agent).executeTool({ callId: 'none', execute: async () => 42 })).toBe(42)
  await expect(
    signalboxTelemetry(agent).executeTool({ callId: 'none', execute: () => Promise.reject(new Error('of the tool')) }),
  ).rejects.toThrow('of the tool')
})
