/**
 * What each dialect of spans calls a thing: by field its attributes, the first that a span has wins. Data only; `reading.ts` walks it,
 * docs/doors/dialects.md is made from it.
 */

/** What a span is about. */
export type Kind =
  | 'llm'
  | 'embedding'
  | 'rerank'
  | 'tool'
  | 'retrieval'
  | 'memory'
  | 'agent'
  | 'agent-created'
  | 'workflow'
  | 'step'
  | 'handoff'
  | 'plan'
  | 'guardrail'
  | 'evaluator'
  | 'prompt'
  | 'other'

export const dialects = {
  otel: 'OpenTelemetry GenAI',
  openinference: 'OpenInference (Arize Phoenix)',
  traceloop: 'OpenLLMetry (Traceloop)',
  'ai-sdk': 'Vercel AI SDK',
  'claude-code': 'Claude Code (beta spans)',
  langfuse: 'Langfuse',
  langsmith: 'LangSmith',
  'pydantic-ai': 'Pydantic AI (Logfire)',
  'google-adk': 'Google ADK',
  crewai: 'CrewAI',
  beeai: 'BeeAI',
  openlit: 'OpenLIT',
} as const
export type Dialect = keyof typeof dialects

interface Alias {
  readonly key: string
  readonly dialect: Dialect
  /** Versions of the dialect that write it, where they are known; both ends belong to it. */
  readonly since?: string
  readonly until?: string
  /** Only of scopes, or of spans, whose name begins so: the key alone would say too little. */
  readonly scope?: string
  readonly span?: string
}

export interface FieldAlias extends Alias {
  /** Only of spans of these kinds. */
  readonly kinds?: readonly Kind[]
  /** The value is its first group. */
  readonly pattern?: RegExp
  /** Of input tokens: cached ones are not among them. Else they are, unless there are more of them than of all. */
  readonly excludesCache?: boolean
}

/** An agent where the span names one, else a step. */
type KindOrNamed = Kind | 'agent-if-named'

export interface KindAlias extends Alias {
  /** By the value in lower case; other values say nothing. */
  readonly values?: Readonly<Record<string, KindOrNamed>>
  /** Looked at in order. */
  readonly patterns?: readonly (readonly [RegExp, KindOrNamed])[]
  /** Whatever the value. */
  readonly whenPresent?: Kind
}

/** Scopes of OpenInference's two instrumentations of LangChain. */
const langchain = { js: '@arizeai/openinference-instrumentation-langchain', python: 'openinference.instrumentation.langchain' } as const
const claude = { dialect: 'claude-code', span: 'claude_code.' } as const

/** Looked at in order; the first that says something wins. */
export const kindAliases: readonly KindAlias[] = [
  {
    key: 'target',
    dialect: 'beeai',
    scope: 'openinference.instrumentation.beeai',
    patterns: [
      [/^tool\..*\.start$/, 'tool'],
      [/^backend\..*\.start$/, 'llm'],
      [/^/, 'step'],
    ],
  },
  {
    key: 'ai.operationId',
    dialect: 'ai-sdk',
    since: '3.3',
    values: {
      'ai.generatetext': 'agent-if-named',
      'ai.streamtext': 'agent-if-named',
      'ai.generateobject': 'agent-if-named',
      'ai.streamobject': 'agent-if-named',
      'ai.generatetext.dogenerate': 'llm',
      'ai.streamtext.dostream': 'llm',
      'ai.generateobject.dogenerate': 'llm',
      'ai.streamobject.dostream': 'llm',
      'ai.toolcall': 'tool',
      'ai.embed': 'step',
      'ai.embedmany': 'step',
      'ai.embed.doembed': 'embedding',
      'ai.embedmany.doembed': 'embedding',
      'ai.rerank': 'step',
      'ai.rerank.dorerank': 'rerank',
    },
  },
  {
    key: 'gen_ai.operation.name',
    dialect: 'otel',
    since: '1.27',
    values: {
      chat: 'llm',
      text_completion: 'llm',
      generate_content: 'llm',
      completion: 'llm',
      embeddings: 'embedding',
      execute_tool: 'tool',
      invoke_agent: 'agent',
      create_agent: 'agent-created',
      invoke_workflow: 'workflow',
      plan: 'plan',
      retrieval: 'retrieval',
      rerank: 'rerank',
      create_memory_store: 'memory',
      delete_memory_store: 'memory',
      create_memory: 'memory',
      update_memory: 'memory',
      upsert_memory: 'memory',
      search_memory: 'memory',
      delete_memory: 'memory',
      agent_step: 'step',
      execute_task: 'step',
      chain: 'step',
      handoff: 'handoff',
    },
  },
  {
    key: 'openinference.span.kind',
    dialect: 'openinference',
    values: {
      llm: 'llm',
      embedding: 'embedding',
      reranker: 'rerank',
      tool: 'tool',
      retriever: 'retrieval',
      agent: 'agent',
      chain: 'step',
      guardrail: 'guardrail',
      evaluator: 'evaluator',
      prompt: 'prompt',
    },
  },
  {
    key: 'traceloop.span.kind',
    dialect: 'traceloop',
    values: { workflow: 'workflow', task: 'step', agent: 'agent', tool: 'tool', handoff: 'handoff' },
  },
  {
    key: 'langsmith.span.kind',
    dialect: 'langsmith',
    values: { llm: 'llm', embedding: 'embedding', tool: 'tool', retriever: 'retrieval', chain: 'step', prompt: 'prompt', parser: 'step' },
  },
  {
    key: 'llm.request.type',
    dialect: 'traceloop',
    values: { chat: 'llm', completion: 'llm', embedding: 'embedding', rerank: 'rerank' },
  },
  {
    key: 'langfuse.observation.type',
    dialect: 'langfuse',
    values: {
      generation: 'llm',
      embedding: 'embedding',
      tool: 'tool',
      retriever: 'retrieval',
      agent: 'agent',
      chain: 'step',
      guardrail: 'guardrail',
      evaluator: 'evaluator',
    },
  },
  { key: 'gen_ai.tool.name', dialect: 'otel', whenPresent: 'tool' },
  { key: 'agent_name', dialect: 'pydantic-ai', whenPresent: 'agent' },
  { key: 'gen_ai.request.model', dialect: 'otel', until: '1.26', whenPresent: 'llm' },
]

/** Kinds by the span's own name, before its attributes; a star stands for anything. */
export const kindsByName: readonly { readonly name: string; readonly dialect: Dialect; readonly scope?: string; readonly kind: Kind }[] = [
  { name: 'claude_code.interaction', dialect: 'claude-code', kind: 'agent' },
  { name: 'claude_code.llm_request', dialect: 'claude-code', kind: 'llm' },
  { name: 'claude_code.tool', dialect: 'claude-code', kind: 'tool' },
  { name: 'claude_code.tool.execution', dialect: 'claude-code', kind: 'tool' },
  { name: 'claude_code.*', dialect: 'claude-code', kind: 'step' },
  { name: 'handoff to *', dialect: 'openinference', kind: 'handoff' },
  { name: 'transfer_to_*', dialect: 'openinference', scope: langchain.js, kind: 'handoff' },
  { name: 'transfer_to_*', dialect: 'openinference', scope: langchain.python, kind: 'handoff' },
  { name: '*.success-*', dialect: 'beeai', scope: 'openinference.instrumentation.beeai', kind: 'step' },
  { name: '*.finish-*', dialect: 'beeai', scope: 'openinference.instrumentation.beeai', kind: 'step' },
]

const contents: readonly Kind[] = ['tool', 'retrieval', 'memory']

export const fieldAliases = {
  agentName: [
    { key: 'gen_ai.agent.name', dialect: 'otel', since: '1.31' },
    { key: 'agent.name', dialect: 'openinference' },
    { key: 'agent_name', dialect: 'pydantic-ai' },
    { key: 'ai.telemetry.functionId', dialect: 'ai-sdk', since: '3.3' },
    { key: 'traceloop.entity.name', dialect: 'traceloop', kinds: ['agent'] },
    { key: 'agent_role', dialect: 'crewai' },
    { key: 'crewai.agent.role', dialect: 'traceloop' },
    {
      key: 'input.value',
      dialect: 'crewai',
      scope: 'openinference.instrumentation.crewai',
      kinds: ['agent'],
      pattern: /^\{"agent": "id=\S+ role='([^']+)'/,
    },
    { key: 'source', dialect: 'beeai', scope: 'openinference.instrumentation.beeai', kinds: ['agent'] },
    // LangGraph: `mathematician:<id>|agent:<id>` is a node of the graph that is the agent.
    {
      key: 'metadata',
      dialect: 'openinference',
      // A number stands where a node calls its graph once more.
      pattern: /"langgraph_checkpoint_ns": ?"(?:[^"]*\|)?(?!\d+\|)([^"|:]+)(?::[^"|:]*)?(?:\|\d+)?\|[^"|]+"/,
    },
  ],
  /** The agent's task that the span is part of. */
  task: [
    {
      key: 'metadata',
      dialect: 'openinference',
      scope: langchain.js,
      pattern: /"langgraph_checkpoint_ns": ?"(?:[^"]*\|)?([^"|:]+:[^"|:]+)\|[^"|]+"/,
    },
    // There a span is an agent's, with a task of its own, when its name has `agent` in it.
    {
      key: 'metadata',
      dialect: 'openinference',
      scope: langchain.python,
      pattern: /"langgraph_checkpoint_ns": ?"(?:[^"]*\|)?((?![^"|:]*agent)[^"|:]+:[^"|:]+)\|[^"|]+"/i,
    },
  ],
  /** What the span may be the execution of: an agent's task, if that is an agent's node. */
  execution: [langchain.js, langchain.python].map((scope) => ({
    key: 'metadata',
    dialect: 'openinference' as const,
    scope,
    kinds: ['step'] as const,
    pattern: /"langgraph_checkpoint_ns": ?"(?:[^"]*\|)?([^"|:]+:[^"|:]+)"/,
  })),
  agentId: [
    { key: 'gen_ai.agent.id', dialect: 'otel', since: '1.31' },
    { key: 'agent_id', ...claude },
  ],
  /** Who gave the agent its work. */
  parentAgent: [{ key: 'parent_agent_id', ...claude }],
  agentDescription: [{ key: 'gen_ai.agent.description', dialect: 'otel', since: '1.31' }],
  conversation: [
    { key: 'gen_ai.conversation.id', dialect: 'otel', since: '1.31' },
    { key: 'session.id', dialect: 'openinference' },
    { key: 'langfuse.session.id', dialect: 'langfuse' },
    { key: 'traceloop.association.properties.session_id', dialect: 'traceloop' },
    { key: 'traceloop.association.properties.conversation_id', dialect: 'traceloop' },
    { key: 'ai.telemetry.metadata.sessionId', dialect: 'ai-sdk' },
    { key: 'gcp.vertex.agent.session_id', dialect: 'google-adk' },
    { key: 'langsmith.metadata.session_id', dialect: 'langsmith' },
    { key: 'langsmith.metadata.thread_id', dialect: 'langsmith' },
    { key: 'crew_id', dialect: 'crewai' },
  ],
  runName: [
    { key: 'langfuse.trace.name', dialect: 'langfuse' },
    { key: 'gen_ai.workflow.name', dialect: 'otel' },
    { key: 'traceloop.workflow.name', dialect: 'traceloop' },
  ],
  model: [
    { key: 'gen_ai.request.model', dialect: 'otel' },
    { key: 'llm.model_name', dialect: 'openinference' },
    { key: 'embedding.model_name', dialect: 'openinference' },
    { key: 'reranker.model_name', dialect: 'openinference' },
    { key: 'llm.request.model', dialect: 'traceloop' },
    { key: 'ai.model.id', dialect: 'ai-sdk' },
    { key: 'model', ...claude },
    { key: 'langfuse.observation.model.name', dialect: 'langfuse' },
    { key: 'gen_ai.response.model', dialect: 'otel' },
    { key: 'llm.response.model', dialect: 'traceloop' },
  ],
  responseModel: [
    { key: 'gen_ai.response.model', dialect: 'otel' },
    { key: 'ai.response.model', dialect: 'ai-sdk' },
    { key: 'llm.response.model', dialect: 'traceloop' },
  ],
  provider: [
    { key: 'gen_ai.provider.name', dialect: 'otel', since: '1.37' },
    { key: 'gen_ai.system', dialect: 'otel', until: '1.36' },
    { key: 'llm.provider', dialect: 'openinference' },
    { key: 'llm.system', dialect: 'openinference' },
    { key: 'ai.model.provider', dialect: 'ai-sdk' },
  ],
  responseId: [
    { key: 'gen_ai.response.id', dialect: 'otel' },
    { key: 'ai.response.id', dialect: 'ai-sdk' },
  ],
  /** The provider's own name of the request; of Claude Code the id of the call, as in its logs and transcripts. */
  requestId: [{ key: 'request_id', ...claude }],
  toolName: [
    { key: 'gen_ai.tool.name', dialect: 'otel', since: '1.31' },
    { key: 'tool.name', dialect: 'openinference' },
    { key: 'ai.toolCall.name', dialect: 'ai-sdk' },
    { key: 'traceloop.entity.name', dialect: 'traceloop', kinds: contents },
    { key: 'tool_name', ...claude },
  ],
  toolCallId: [
    { key: 'tool_use_id', ...claude },
    { key: 'gen_ai.tool.call.id', dialect: 'otel', since: '1.31' },
    { key: 'tool_call.id', dialect: 'openinference' },
    { key: 'tool.id', dialect: 'openinference' },
    { key: 'ai.toolCall.id', dialect: 'ai-sdk' },
  ],
  input: [
    { key: 'gen_ai.tool.call.arguments', dialect: 'otel', since: '1.38' },
    { key: 'gen_ai.input.messages', dialect: 'otel', since: '1.37' },
    { key: 'gen_ai.retrieval.query.text', dialect: 'otel' },
    { key: 'gen_ai.memory.query.text', dialect: 'otel' },
    { key: 'tool_call.function.arguments', dialect: 'openinference', kinds: contents },
    { key: 'input.value', dialect: 'openinference' },
    { key: 'tool.parameters', dialect: 'openinference', kinds: contents },
    { key: 'ai.toolCall.args', dialect: 'ai-sdk' },
    { key: 'ai.prompt.messages', dialect: 'ai-sdk' },
    { key: 'ai.prompt', dialect: 'ai-sdk' },
    { key: 'traceloop.entity.input', dialect: 'traceloop' },
    { key: 'tool_arguments', dialect: 'pydantic-ai' },
    { key: 'gcp.vertex.agent.tool_call_args', dialect: 'google-adk' },
    { key: 'gcp.vertex.agent.llm_request', dialect: 'google-adk', kinds: ['llm'] },
    { key: 'gen_ai.prompt', dialect: 'langsmith' },
    { key: 'user_prompt', ...claude },
    { key: 'full_command', ...claude },
    { key: 'file_path', ...claude },
    { key: 'langfuse.observation.input', dialect: 'langfuse' },
    { key: 'langfuse.trace.input', dialect: 'langfuse' },
  ],
  output: [
    { key: 'gen_ai.tool.call.result', dialect: 'otel', since: '1.38' },
    { key: 'gen_ai.output.messages', dialect: 'otel', since: '1.37' },
    { key: 'gen_ai.retrieval.documents', dialect: 'otel' },
    { key: 'output.value', dialect: 'openinference' },
    { key: 'ai.toolCall.result', dialect: 'ai-sdk' },
    { key: 'ai.response.text', dialect: 'ai-sdk' },
    { key: 'ai.response.object', dialect: 'ai-sdk' },
    { key: 'traceloop.entity.output', dialect: 'traceloop' },
    { key: 'tool_response', dialect: 'pydantic-ai' },
    { key: 'gcp.vertex.agent.tool_response', dialect: 'google-adk' },
    { key: 'gcp.vertex.agent.llm_response', dialect: 'google-adk', kinds: ['llm'] },
    { key: 'gen_ai.completion', dialect: 'langsmith' },
    { key: 'langfuse.observation.output', dialect: 'langfuse' },
    { key: 'langfuse.trace.output', dialect: 'langfuse' },
  ],
  inputTokens: [
    { key: 'gen_ai.usage.input_tokens', dialect: 'otel', since: '1.27' },
    { key: 'gen_ai.usage.prompt_tokens', dialect: 'otel', until: '1.26' },
    { key: 'llm.token_count.prompt', dialect: 'openinference' },
    { key: 'llm.usage.prompt_tokens', dialect: 'traceloop' },
    { key: 'ai.usage.inputTokens', dialect: 'ai-sdk', since: '5' },
    { key: 'ai.usage.promptTokens', dialect: 'ai-sdk', until: '4' },
    { key: 'ai.usage.tokens', dialect: 'ai-sdk', kinds: ['embedding'] },
    { key: 'input_tokens', ...claude, excludesCache: true },
  ],
  outputTokens: [
    { key: 'gen_ai.usage.output_tokens', dialect: 'otel', since: '1.27' },
    { key: 'gen_ai.usage.completion_tokens', dialect: 'otel', until: '1.26' },
    { key: 'llm.token_count.completion', dialect: 'openinference' },
    { key: 'llm.usage.completion_tokens', dialect: 'traceloop' },
    { key: 'ai.usage.outputTokens', dialect: 'ai-sdk', since: '5' },
    { key: 'ai.usage.completionTokens', dialect: 'ai-sdk', until: '4' },
    { key: 'output_tokens', ...claude },
  ],
  cacheReadTokens: [
    { key: 'gen_ai.usage.cache_read.input_tokens', dialect: 'otel' },
    { key: 'gen_ai.usage.cache_read_input_tokens', dialect: 'traceloop' },
    { key: 'gen_ai.usage.details.cache_read_tokens', dialect: 'pydantic-ai' },
    { key: 'llm.token_count.prompt_details.cache_read', dialect: 'openinference' },
    { key: 'ai.usage.inputTokenDetails.cacheReadTokens', dialect: 'ai-sdk', since: '6' },
    { key: 'ai.usage.cachedInputTokens', dialect: 'ai-sdk', since: '5' },
    { key: 'cache_read_tokens', ...claude },
  ],
  cacheWriteTokens: [
    { key: 'gen_ai.usage.cache_creation.input_tokens', dialect: 'otel' },
    { key: 'gen_ai.usage.cache_write.input_tokens', dialect: 'otel' },
    { key: 'gen_ai.usage.cache_creation_input_tokens', dialect: 'traceloop' },
    { key: 'gen_ai.usage.details.cache_write_tokens', dialect: 'pydantic-ai' },
    { key: 'llm.token_count.prompt_details.cache_write', dialect: 'openinference' },
    { key: 'ai.usage.inputTokenDetails.cacheWriteTokens', dialect: 'ai-sdk', since: '6' },
    { key: 'cache_creation_tokens', ...claude },
  ],
  reasoningTokens: [
    { key: 'gen_ai.usage.reasoning.output_tokens', dialect: 'otel' },
    { key: 'gen_ai.usage.reasoning_tokens', dialect: 'traceloop' },
    { key: 'gen_ai.usage.details.reasoning_tokens', dialect: 'pydantic-ai' },
    { key: 'llm.token_count.completion_details.reasoning', dialect: 'openinference' },
    { key: 'ai.usage.outputTokenDetails.reasoningTokens', dialect: 'ai-sdk', since: '6' },
    { key: 'ai.usage.reasoningTokens', dialect: 'ai-sdk', since: '5' },
  ],
  /** US dollars. */
  cost: [
    { key: 'gen_ai.usage.cost', dialect: 'openlit' },
    { key: 'llm.cost.total', dialect: 'openinference' },
    { key: 'operation.cost', dialect: 'pydantic-ai' },
  ],
  /** JSON of token counts, and of US dollars, by their kind (`usage.ts`). */
  usageDetails: [{ key: 'langfuse.observation.usage_details', dialect: 'langfuse' }],
  costDetails: [{ key: 'langfuse.observation.cost_details', dialect: 'langfuse' }],
  finishReasons: [
    { key: 'gen_ai.response.finish_reasons', dialect: 'otel' },
    { key: 'llm.finish_reason', dialect: 'openinference' },
    { key: 'ai.response.finishReason', dialect: 'ai-sdk' },
    { key: 'llm.response.finish_reason', dialect: 'traceloop' },
    { key: 'llm.response.stop_reason', dialect: 'traceloop' },
    { key: 'gen_ai.completion.0.finish_reason', dialect: 'traceloop' },
    { key: 'stop_reason', ...claude },
  ],
  errorType: [
    { key: 'error.type', dialect: 'otel' },
    { key: 'error', ...claude },
    { key: 'langfuse.observation.status_message', dialect: 'langfuse' },
  ],
  /** `false`, or the level ERROR: it failed, whatever the span's status. */
  success: [
    { key: 'success', ...claude },
    { key: 'langfuse.observation.level', dialect: 'langfuse' },
  ],
  handoffFrom: [
    { key: 'gen_ai.agent.handoff.source.name', dialect: 'otel', since: 'proposed' },
    { key: 'gen_ai.handoff.from_agent', dialect: 'traceloop' },
  ],
  handoffTo: [
    { key: 'gen_ai.agent.handoff.target.name', dialect: 'otel', since: 'proposed' },
    { key: 'gen_ai.handoff.to_agent', dialect: 'traceloop' },
  ],
} satisfies Readonly<Record<string, readonly FieldAlias[]>>

export type Field = keyof typeof fieldAliases

/** What the span's own name says where no attribute does: its first group. */
export const agentInName: readonly RegExp[] = [/^(?:invoke_agent|create_agent) (.+)$/, /^agent_run \[(.+)\]$/, /^(.+)\.a?run$/]
export const toolInName: readonly RegExp[] = [/^execute_tool (.+)$/, /^tool\.(?:.*\.)?([^.]+)\.start(?:-\d+)?$/, /^(.+)\.tool$/]
export const handoffInName: readonly RegExp[] = [/^(?:handoff to |transfer_to_)(.+)$/]

/** Names of LangGraph's handoffs, at which who hands over leads who takes over. */
export const leads = 'transfer_to_'

/** Exceptions by which a framework moves on: what they end did not fail. */
export const controlFlow = /(?:^|[.\s'"(])(?:ParentCommand|GraphInterrupt|NodeInterrupt|GraphBubbleUp|AgentHandoff)\b/
