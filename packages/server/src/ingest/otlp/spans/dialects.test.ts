/** Each dialect's spans, as its senders write them, and what they are told as. */
import type { EventInput } from '@signalbox/model/event.ts'
import { describe, expect, test } from 'vitest'
import { claudeRecord, eventsOf as logEvents, logsOf } from '../logs/mapped.testing.ts'
import { mapLogs } from '../logs/mapping.ts'
import { fieldAliases } from './aliases.ts'
import { at, type From, idOf, rowsOf, type Sketch, told } from './testing.ts'

const own = (events: readonly EventInput[]) => events.find((event) => event.data?.span !== undefined)
const one = (sketch: Sketch, from?: From) => own(told([sketch], from))

interface Case extends Sketch, From {
  readonly as: string
  readonly type: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly agent?: string
}

const models: readonly Case[] = [
  {
    as: 'OpenTelemetry GenAI: cached tokens are among the input',
    name: 'chat gpt-5',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.response.model': 'gpt-5-2026-01-01',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 80,
      'gen_ai.usage.cache_creation.input_tokens': 5,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.reasoning.output_tokens': 7,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.agent.name': 'clerk',
    },
    type: 'llm.finished',
    agent: 'shop/clerk',
    data: {
      call: idOf(1),
      dialect: 'otel',
      model: 'gpt-5',
      provider: 'openai',
      responseModel: 'gpt-5-2026-01-01',
      finishReasons: ['stop'],
      usage: { inputTokens: 100, cacheReadTokens: 80, cacheWriteTokens: 5, outputTokens: 20, reasoningTokens: 7 },
    },
  },
  {
    as: 'OpenTelemetry GenAI up to 1.26: no operation, prompt and completion tokens',
    name: 'openai.chat',
    attributes: {
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.prompt.0.content': 'hello',
      'gen_ai.usage.prompt_tokens': 11,
      'gen_ai.usage.completion_tokens': 3,
    },
    type: 'llm.finished',
    data: { provider: 'openai', usage: { inputTokens: 11, outputTokens: 3 } },
  },
  {
    as: 'a sender of Anthropic’s counts: more cached tokens than tokens are counted apart',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 4,
      'gen_ai.usage.cache_read_input_tokens': 900,
      'gen_ai.usage.cache_creation_input_tokens': 50,
      'gen_ai.usage.output_tokens': 2,
    },
    type: 'llm.finished',
    data: { usage: { inputTokens: 954, cacheReadTokens: 900, cacheWriteTokens: 50, outputTokens: 2 } },
  },
  {
    as: 'OpenInference',
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'claude-4',
      'llm.provider': 'anthropic',
      'llm.token_count.prompt': 50,
      'llm.token_count.completion': 9,
      'llm.token_count.prompt_details.cache_read': 40,
      'llm.token_count.completion_details.reasoning': 4,
      'llm.cost.total': 0.0025,
      'input.value': 'hi',
      'output.value': 'ho',
    },
    type: 'llm.finished',
    data: {
      model: 'claude-4',
      usage: { inputTokens: 50, cacheReadTokens: 40, outputTokens: 9, reasoningTokens: 4 },
      costMicros: 2_500,
      input: 'hi',
      output: 'ho',
    },
  },
  {
    as: 'OpenLLMetry of before it took OpenTelemetry’s names',
    attributes: {
      'llm.request.type': 'chat',
      'llm.request.model': 'command',
      'llm.usage.prompt_tokens': 8,
      'llm.usage.completion_tokens': 1,
    },
    type: 'llm.finished',
    data: { model: 'command', usage: { inputTokens: 8, outputTokens: 1 } },
  },
  {
    as: 'AI SDK 5: the inner span is the call',
    name: 'ai.streamText.doStream',
    attributes: {
      'ai.operationId': 'ai.streamText.doStream',
      'ai.telemetry.functionId': 'support',
      'ai.model.id': 'gpt-5',
      'ai.model.provider': 'openai.chat',
      'ai.response.text': 'done',
      'ai.response.finishReason': 'stop',
      'ai.usage.inputTokens': 30,
      'ai.usage.cachedInputTokens': 10,
      'ai.usage.outputTokens': 6,
      'ai.usage.reasoningTokens': 2,
    },
    type: 'llm.finished',
    agent: 'shop/support',
    data: { model: 'gpt-5', output: 'done', usage: { inputTokens: 30, cacheReadTokens: 10, outputTokens: 6, reasoningTokens: 2 } },
  },
  {
    as: 'AI SDK 6: details by their full names',
    attributes: {
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.usage.inputTokens': 30,
      'ai.usage.inputTokenDetails.cacheReadTokens': 12,
      'ai.usage.inputTokenDetails.cacheWriteTokens': 3,
      'ai.usage.outputTokens': 6,
      'ai.usage.outputTokenDetails.reasoningTokens': 1,
    },
    type: 'llm.finished',
    data: { usage: { inputTokens: 30, cacheReadTokens: 12, cacheWriteTokens: 3, outputTokens: 6, reasoningTokens: 1 } },
  },
  {
    as: 'AI SDK 4: prompt and completion tokens',
    attributes: { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.usage.promptTokens': 3, 'ai.usage.completionTokens': 10 },
    type: 'llm.finished',
    data: { usage: { inputTokens: 3, outputTokens: 10 } },
  },
  {
    as: 'AI SDK 5: embeddings are a model’s call',
    attributes: { 'ai.operationId': 'ai.embed.doEmbed', 'ai.model.id': 'embed-3', 'ai.usage.tokens': 10 },
    type: 'llm.finished',
    data: { operation: 'embedding', usage: { inputTokens: 10 } },
  },
  {
    as: 'Claude Code: cached tokens are apart, the call is known by its request',
    name: 'claude_code.llm_request',
    attributes: {
      'span.type': 'llm_request',
      'session.id': 'cec62d6f-60f8-43e8-a67b-133b2a138a83',
      model: 'claude-opus-5',
      request_id: 'req_1',
      input_tokens: 2,
      output_tokens: 1_200,
      cache_read_tokens: 84_562,
      cache_creation_tokens: 7_096,
      success: true,
      stop_reason: 'tool_use',
    },
    type: 'llm.finished',
    agent: 'claude-code/cec62d6f/main',
    data: {
      call: 'req_1',
      model: 'claude-opus-5',
      usage: { inputTokens: 91_660, cacheReadTokens: 84_562, cacheWriteTokens: 7_096, outputTokens: 1_200 },
    },
  },
  {
    as: 'Claude Code: a request that failed',
    name: 'claude_code.llm_request',
    attributes: { 'session.id': 'cec62d6f', success: false, error: 'overloaded', request_id: 'req_2' },
    type: 'llm.failed',
    agent: 'claude-code/cec62d6f/main',
    data: { call: 'req_2', error: 'overloaded' },
  },
  {
    as: 'Langfuse: tokens by their kinds, which are apart',
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'claude-4',
      'langfuse.observation.usage_details': '{"input":5,"input_cached_tokens":70,"output":9,"output_reasoning_tokens":4,"total":88}',
      'langfuse.observation.cost_details': '{"input":0.001,"total":0.0015}',
    },
    type: 'llm.finished',
    data: { model: 'claude-4', costMicros: 1_500, usage: { inputTokens: 75, cacheReadTokens: 70, outputTokens: 13, reasoningTokens: 4 } },
  },
  {
    as: 'Langfuse: the level is the outcome',
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.level': 'ERROR',
      'langfuse.observation.status_message': 'rate limit',
    },
    type: 'llm.failed',
    data: { error: 'rate limit' },
  },
  {
    as: 'LangSmith',
    attributes: {
      'langsmith.span.kind': 'llm',
      'gen_ai.request.model': 'claude-4',
      'gen_ai.usage.input_tokens': '19',
      'gen_ai.usage.output_tokens': '29',
    },
    type: 'llm.finished',
    data: { dialect: 'langsmith', usage: { inputTokens: 19, outputTokens: 29 } },
  },
  {
    as: 'OpenLIT: it tells the cost',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.cost': 0.000025,
      'gen_ai.usage.input_tokens': 41,
      'gen_ai.usage.output_tokens': 3,
    },
    type: 'llm.finished',
    data: { costMicros: 25 },
  },
  {
    as: 'a model’s call that failed says why',
    attributes: { 'gen_ai.operation.name': 'chat', 'error.type': 'RateLimitError' },
    error: 'too many requests',
    type: 'llm.failed',
    data: { error: 'RateLimitError: too many requests' },
  },
  {
    as: 'tokens that are no counts are not counted',
    attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': -5, 'gen_ai.usage.output_tokens': 1.5 },
    type: 'llm.finished',
  },
]

const tools: readonly Case[] = [
  {
    as: 'OpenTelemetry GenAI',
    name: 'execute_tool search',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.call.id': 'call_7',
      'gen_ai.tool.call.arguments': '{"q":"x"}',
      'gen_ai.tool.call.result': '[1]',
    },
    type: 'tool.finished',
    // Some senders use an id again for each call of one tool.
    data: { call: idOf(1), toolCall: 'call_7', name: 'search', args: '{"q":"x"}', result: '[1]' },
  },
  {
    as: 'a tool without an operation (Koog)',
    name: 'tool.HelloTool',
    attributes: { 'gen_ai.tool.name': 'HelloTool', 'input.value': '{"name":"Bob"}', 'output.value': 'Hello' },
    type: 'tool.finished',
    data: { name: 'HelloTool', args: '{"name":"Bob"}', result: 'Hello' },
  },
  {
    as: 'OpenInference, its name in the span alone',
    name: 'execute_tool lookup',
    attributes: { 'openinference.span.kind': 'TOOL', 'tool.parameters': '{"a":1}' },
    type: 'tool.finished',
    data: { name: 'lookup', args: '{"a":1}' },
  },
  {
    as: 'OpenLLMetry',
    name: 'search.tool',
    attributes: {
      'traceloop.span.kind': 'tool',
      'traceloop.entity.name': 'search',
      'traceloop.entity.input': '{}',
      'traceloop.entity.output': 'ok',
    },
    type: 'tool.finished',
    data: { name: 'search', args: '{}', result: 'ok' },
  },
  {
    as: 'AI SDK 5',
    name: 'ai.toolCall',
    attributes: {
      'ai.operationId': 'ai.toolCall',
      'ai.toolCall.name': 'weather',
      'ai.toolCall.id': 'c1',
      'ai.toolCall.args': '{"city":"Bern"}',
    },
    type: 'tool.finished',
    data: { name: 'weather', toolCall: 'c1', args: '{"city":"Bern"}' },
  },
  {
    as: 'Claude Code, of a subagent',
    name: 'claude_code.tool',
    attributes: { 'session.id': 'cec62d6f-1', tool_name: 'Bash', tool_use_id: 'toolu_1', agent_id: 'a12', full_command: 'ls' },
    type: 'tool.finished',
    agent: 'claude-code/cec62d6f/a12',
    data: { call: 'toolu_1', name: 'Bash', args: 'ls' },
  },
  {
    as: 'OpenInference retriever',
    name: 'VectorIndexRetriever',
    attributes: { 'openinference.span.kind': 'RETRIEVER', 'input.value': 'what' },
    type: 'tool.finished',
    data: { name: 'VectorIndexRetriever', operation: 'retrieval', args: 'what' },
  },
  {
    as: 'OpenTelemetry memory',
    name: 'search_memory',
    attributes: { 'gen_ai.operation.name': 'search_memory', 'gen_ai.memory.query.text': 'likes' },
    type: 'tool.finished',
    data: { operation: 'memory', args: 'likes' },
  },
  { as: 'a tool that failed', attributes: { 'gen_ai.tool.name': 'rm' }, error: 'denied', type: 'tool.failed', data: { error: 'denied' } },
  {
    as: 'a tool by which LangGraph moves on did not fail',
    name: 'transfer_to_bob',
    attributes: { 'openinference.span.kind': 'TOOL' },
    error: "ParentCommand(Command(graph='__parent__', goto='bob'))",
    exception: 'langgraph.errors.ParentCommand',
    type: 'tool.finished',
    data: { movedOn: "ParentCommand(Command(graph='__parent__', goto='bob'))" },
  },
  {
    as: 'an interrupt that waits for a person did not fail either',
    attributes: { 'openinference.span.kind': 'TOOL' },
    error: "GraphInterrupt((Interrupt(value='really?'),))",
    type: 'tool.finished',
  },
  {
    as: 'an error that only mentions an interrupt failed',
    attributes: { 'openinference.span.kind': 'TOOL' },
    error: `${'the graph went wrong, and so the long story of it goes, for more than a hundred characters. '.repeat(2)} GraphInterrupt`,
    exception: 'ValueError',
    type: 'tool.failed',
  },
]

const agents: readonly Case[] = [
  {
    as: 'OpenTelemetry GenAI: what it sums up is reported, not counted',
    name: 'invoke_agent clerk',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'clerk',
      'gen_ai.agent.id': 'asst_1',
      'gen_ai.usage.input_tokens': 500,
      'gen_ai.usage.output_tokens': 50,
    },
    type: 'task.completed',
    agent: 'shop/clerk',
    data: { reported: { inputTokens: 500, outputTokens: 50 } },
  },
  {
    as: 'OpenTelemetry GenAI: by its id where it has no name',
    name: 'run.6f8d',
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.id': 'f9f7' },
    type: 'task.completed',
    agent: 'shop/f9f7',
  },
  {
    as: 'AI SDK 7 without a name: the service, not the model',
    name: 'invoke_agent gpt-5',
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.request.model': 'gpt-5' },
    type: 'task.completed',
    agent: 'shop',
  },
  {
    as: 'a service without a name is no prefix',
    service: 'unknown_service:node',
    name: 'invoke_agent clerk',
    attributes: { 'gen_ai.operation.name': 'invoke_agent' },
    type: 'task.completed',
    agent: 'clerk',
  },
  {
    as: 'AI SDK 5 with a function',
    name: 'ai.generateText',
    attributes: {
      'ai.operationId': 'ai.generateText',
      'ai.telemetry.functionId': 'support',
      'ai.usage.inputTokens': 30,
      'ai.usage.outputTokens': 6,
    },
    type: 'task.completed',
    agent: 'shop/support',
    data: { reported: { inputTokens: 30, outputTokens: 6 } },
  },
  {
    as: 'AI SDK 5 without one: a step, whose tokens are its calls’',
    name: 'ai.generateText',
    attributes: { 'ai.operationId': 'ai.generateText', 'ai.usage.inputTokens': 30 },
    type: 'custom.otlp.step',
  },
  {
    as: 'OpenInference',
    name: 'planner',
    attributes: { 'openinference.span.kind': 'AGENT', 'agent.name': 'Planner' },
    type: 'task.completed',
    agent: 'shop/Planner',
  },
  { as: 'Agno', name: 'Agent.run', attributes: { 'openinference.span.kind': 'AGENT' }, type: 'task.completed', agent: 'shop/Agent' },
  {
    as: 'Google ADK',
    name: 'agent_run [hello_agent]',
    attributes: { 'openinference.span.kind': 'AGENT' },
    type: 'task.completed',
    agent: 'shop/hello_agent',
  },
  {
    as: 'CrewAI: its role',
    scope: 'openinference.instrumentation.crewai',
    name: 'Task._execute_core',
    attributes: {
      'openinference.span.kind': 'AGENT',
      'input.value': `{"agent": "id=UUID('5b92') role='Software developer' goal='Write'"}`,
    },
    type: 'task.completed',
    agent: 'shop/Software developer',
  },
  {
    as: 'BeeAI',
    scope: 'openinference.instrumentation.beeai',
    name: 'beeai-framework-main',
    attributes: { 'openinference.span.kind': 'AGENT', source: 'ReActAgent' },
    type: 'task.completed',
    agent: 'shop/ReActAgent',
  },
  {
    as: 'BeeAI: its events are no agents',
    scope: 'openinference.instrumentation.beeai',
    name: 'agent.react.update-12',
    attributes: { 'openinference.span.kind': 'AGENT', target: 'agent.react.update' },
    type: 'custom.otlp.step',
  },
  {
    as: 'OpenLLMetry',
    name: 'planner.agent',
    attributes: { 'traceloop.span.kind': 'agent', 'traceloop.entity.name': 'planner' },
    type: 'task.completed',
    agent: 'shop/planner',
  },
  {
    as: 'Pydantic AI',
    name: 'agent run',
    attributes: { agent_name: 'bank', model_name: 'gpt-5', 'gen_ai.usage.input_tokens': 70 },
    type: 'task.completed',
    agent: 'shop/bank',
    data: { reported: { inputTokens: 70 } },
  },
  {
    as: 'Langfuse',
    name: 'weather-agent',
    attributes: { 'langfuse.observation.type': 'agent' },
    type: 'task.completed',
    agent: 'shop/weather-agent',
  },
  {
    as: 'Claude Code: one prompt is a task of its main agent',
    name: 'claude_code.interaction',
    attributes: { 'session.id': 'cec62d6f-60f8', user_prompt: 'fix it' },
    type: 'task.completed',
    agent: 'claude-code/cec62d6f/main',
    data: { input: 'fix it' },
  },
  {
    as: 'an agent that was made is there, and has no task yet',
    name: 'create_agent clerk',
    attributes: { 'gen_ai.operation.name': 'create_agent', 'gen_ai.agent.name': 'clerk', 'gen_ai.agent.description': 'sells' },
    type: 'agent.started',
    agent: 'shop/clerk',
    data: { name: 'clerk', description: 'sells', intervalMs: 300_000 },
  },
  {
    as: 'a task that failed',
    name: 'x',
    attributes: { 'gen_ai.operation.name': 'invoke_agent' },
    error: 'boom',
    type: 'task.failed',
    agent: 'shop',
  },
]

const others: readonly Case[] = [
  { as: 'a workflow', attributes: { 'traceloop.span.kind': 'workflow' }, type: 'custom.otlp.workflow' },
  { as: 'a workflow of OpenTelemetry', attributes: { 'gen_ai.operation.name': 'invoke_workflow' }, type: 'custom.otlp.workflow' },
  { as: 'a task of OpenLLMetry', attributes: { 'traceloop.span.kind': 'task' }, type: 'custom.otlp.step' },
  { as: 'a step of AI SDK 7', attributes: { 'gen_ai.operation.name': 'agent_step' }, type: 'custom.otlp.step' },
  { as: 'a chain', attributes: { 'openinference.span.kind': 'CHAIN' }, type: 'custom.otlp.step' },
  { as: 'a guardrail', attributes: { 'openinference.span.kind': 'GUARDRAIL' }, type: 'custom.otlp.guardrail' },
  { as: 'an evaluator', attributes: { 'langfuse.observation.type': 'evaluator' }, type: 'custom.otlp.evaluator' },
  { as: 'a prompt', attributes: { 'openinference.span.kind': 'PROMPT' }, type: 'custom.otlp.prompt' },
  { as: 'a plan', attributes: { 'gen_ai.operation.name': 'plan' }, type: 'plan.updated' },
  { as: 'what is no agent’s', attributes: { 'http.request.method': 'GET' }, type: 'custom.otlp.span' },
  { as: 'an operation nobody has heard of', attributes: { 'gen_ai.operation.name': 'constructor' }, type: 'custom.otlp.span' },
  {
    as: 'Claude Code: waiting for a person',
    name: 'claude_code.tool.blocked_on_user',
    attributes: { 'session.id': 's' },
    agent: 'claude-code/s/main',
    type: 'custom.otlp.step',
  },
  {
    as: 'a handoff that says both',
    attributes: { 'traceloop.span.kind': 'handoff', 'gen_ai.handoff.from_agent': 'a', 'gen_ai.handoff.to_agent': 'b' },
    type: 'handoff',
    data: { from: 'shop/a', to: 'shop/b' },
  },
]

describe.each([
  ['models', models],
  ['tools', tools],
  ['agents', agents],
  ['others', others],
])('%s', (_, cases) => {
  test.each(cases)('$as', ({ as, type, data, agent, service, scope, ...sketch }) => {
    const event = one(sketch, { ...(service === undefined ? {} : { service }), ...(scope === undefined ? {} : { scope }) })
    expect(event).toMatchObject({ type, ...(data === undefined ? {} : { data }) })
    expect(event?.agent).toBe(agent)
  })
})

/**
 * What the collector's genainormalizerprocessor (opentelemetry-collector-contrib, 2026-07) renames to OpenTelemetry's names: here both
 * names mean one field. It calls chains agents, prompts completions and tasks agents; here they are steps, prompts and steps.
 */
const renamed: readonly (readonly [key: string, to: string])[] = [
  ['llm.token_count.prompt', 'gen_ai.usage.input_tokens'],
  ['llm.token_count.completion', 'gen_ai.usage.output_tokens'],
  ['llm.model_name', 'gen_ai.request.model'],
  ['embedding.model_name', 'gen_ai.request.model'],
  ['reranker.model_name', 'gen_ai.request.model'],
  ['llm.provider', 'gen_ai.provider.name'],
  ['tool.name', 'gen_ai.tool.name'],
  ['tool_call.function.arguments', 'gen_ai.tool.call.arguments'],
  ['tool_call.id', 'gen_ai.tool.call.id'],
  ['agent.name', 'gen_ai.agent.name'],
  ['session.id', 'gen_ai.conversation.id'],
  ['llm.usage.prompt_tokens', 'gen_ai.usage.input_tokens'],
  ['llm.usage.completion_tokens', 'gen_ai.usage.output_tokens'],
  ['llm.request.model', 'gen_ai.request.model'],
  ['llm.response.model', 'gen_ai.response.model'],
  ['llm.response.finish_reason', 'gen_ai.response.finish_reasons'],
  ['llm.response.stop_reason', 'gen_ai.response.finish_reasons'],
  ['traceloop.entity.name', 'gen_ai.agent.name'],
  ['traceloop.entity.input', 'gen_ai.input.messages'],
  ['traceloop.entity.output', 'gen_ai.output.messages'],
  ['agent_role', 'gen_ai.agent.name'],
  ['crew_id', 'gen_ai.conversation.id'],
  ['agent_name', 'gen_ai.agent.name'],
]

test.each(renamed)('the collector’s normalizer agrees: %s is %s', (key, to) => {
  const fieldsOf = (name: string) =>
    Object.entries(fieldAliases).flatMap(([field, all]) => (all.some((alias) => alias.key === name) ? [field] : []))
  expect(fieldsOf(to).filter((field) => fieldsOf(key).includes(field))).not.toEqual([])
})

test('no tokens are made up', () => {
  const event = one({ attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': -5 } })
  expect(event?.data).not.toHaveProperty('usage')
})

test('what has a field of its own is there once, all else under its own name', () => {
  const event = one({ attributes: { 'openinference.span.kind': 'LLM', 'input.value': 'question', 'user.id': 'u' } })
  expect(event?.data).toMatchObject({ input: 'question', attributes: { 'openinference.span.kind': 'LLM', 'user.id': 'u' } })
  expect(event?.data?.attributes).not.toHaveProperty('input.value')
})

test('what is too long or too much is cut, and named', () => {
  const attributes = {
    'gen_ai.tool.name': 't',
    'input.value': 'x'.repeat(3_000),
    list: Array.from({ length: 10_000 }, (_, i) => i),
    deep: [[['d']]],
  }
  const data = one({ attributes })?.data as {
    readonly args: string
    readonly attributes: typeof attributes
    readonly clipped: readonly string[]
  }
  expect([data.args.length, data.args.at(-1)]).toEqual([2_000, '…'])
  expect(data.attributes).toMatchObject({ list: Array.from({ length: 100 }, (_, i) => i), deep: [[['d']]] })
  expect(data.clipped.toSorted()).toEqual(['args', 'list'])
})

test('lists of lists are bounded together', () => {
  const grid = Array.from({ length: 60 }, () => Array.from({ length: 60 }, () => 1))
  const kept = one({ attributes: { grid } })?.data?.attributes as { readonly grid: readonly (readonly number[])[] }
  expect(kept.grid.flat().length).toBeLessThan(800)
})

test('Claude Code: a tool’s span and its execution’s are one call, and its failure is kept in any order', () => {
  const session = { 'session.id': 'cec62d6f', tool_use_id: 'toolu_1' }
  const spans: Sketch[] = [
    {
      id: 3,
      parent: 2,
      name: 'claude_code.tool.execution',
      start: 40,
      end: 80,
      attributes: { ...session, success: false, error: 'exit 1' },
    },
    { id: 2, parent: 1, name: 'claude_code.tool', end: 90, attributes: { ...session, tool_name: 'Bash' } },
    { id: 1, name: 'claude_code.interaction', attributes: session },
  ]
  for (const order of [spans, spans.toReversed()]) {
    const calls = [...rowsOf(told(order)).calls.values()]
    expect(calls).toMatchObject([{ id: 'toolu_1', name: 'Bash', outcome: 'failed', startedAt: at, endedAt: at + 90 }])
  }
})

test('Claude Code: a request that a span and a log record tell of is one call, its tokens once', () => {
  const session = 'f00dbabe-0000-4000-8000-000000000001'
  const tokens = { input_tokens: 2, output_tokens: 7, cache_read_tokens: 90, cache_creation_tokens: 8 }
  const attributes = { 'session.id': session, request_id: 'req_1', model: 'claude-opus-5', ...tokens }
  const spans = told([{ name: 'claude_code.llm_request', attributes }])
  const logs = mapLogs(logsOf([claudeRecord('api_request', 50, { request_id: 'req_1', cost_usd_micros: 900, ...tokens }, session)]), at)
  for (const events of [
    [...spans, ...logEvents(logs)],
    [...logEvents(logs), ...spans],
  ]) {
    const { calls, runs } = rowsOf(events)
    expect([...calls.values()].map(({ id, agent }) => [id, agent])).toEqual([['req_1', 'claude-code/f00dbabe/main']])
    expect(runs.get(`claude-code/${session}`)?.totals).toMatchObject({ llmCalls: 1, inputTokens: 100, outputTokens: 7, costMicros: 900 })
  }
})

test('Claude Code: a subagent works for who started it', () => {
  const { agents } = rowsOf(
    told([{ name: 'claude_code.llm_request', attributes: { 'session.id': 'cec62d6f', agent_id: 'a12', request_id: 'r' } }]),
  )
  expect(agents.get('claude-code/cec62d6f/a12')).toMatchObject({
    role: { value: 'worker' },
    manager: { value: 'claude-code/cec62d6f/main' },
    totals: { llmCalls: 1 },
  })
})
