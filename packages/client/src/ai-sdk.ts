/**
 * Vercel's AI SDK 7, live: what its calls do is told as they do it, by its own telemetry hooks.
 *
 * ```ts
 * const agent = createAgent({ url: 'http://127.0.0.1:4400', agent: 'support-desk', role: 'manager' })
 * registerTelemetry(signalboxTelemetry(agent)) // or, for one call, telemetry: { integrations: signalboxTelemetry(agent) }
 * ```
 *
 * Each generate, stream or embed call is a task of the agent. One that a tool makes while it runs is a task given to a worker: to the
 * agent of its own integration, else, where it has a `functionId`, to a worker of that name. Nothing here throws, and no prompt, answer or
 * tool's content is sent.
 */
import type { Agent } from './agent.ts'
import { type Enclosing, enclosing, within } from './ai-sdk-nesting.ts'
import { type Call, messageOf, type Start, type Told, type ToolEnd, type ToolStart, usageOf } from './ai-sdk-told.ts'
import type { EmitContext } from './work.ts'

export interface TelemetryOptions {
  /** Run of these calls; default the agent's. Where neither is told, each call that no other made is a run of its own. */
  readonly run?: string
  /** Task that these calls are a part of. */
  readonly task?: string
}

/** One generate, stream, embed or rerank call. */
interface Operation {
  readonly context: Required<Pick<EmitContext, 'agent' | 'run' | 'task'>>
  readonly ownsRun: boolean
  readonly worker: string | undefined
  /** Model calls that have not ended. */
  readonly open: Map<string, Told>
  asked: number
}

/** Streams that nobody reads to their end never tell that they ended. */
const mostOperations = 10_000
/** A worker that is only named sends no heartbeats: it is taken for lost when it was silent for three of these. */
const workerSilenceMs = 300_000

/** The agent must be created for the process, and stopped by who created it. */
export function signalboxTelemetry(agent: Agent, options: TelemetryOptions = {}) {
  const operations = new Map<string, Operation>()
  /** How many operations of each worker are under way. */
  const workers = new Map<string, number>()

  function openWorker(worker: string, name: string, run: string, model: string | undefined) {
    workers.set(worker, (workers.get(worker) ?? 0) + 1)
    const data = { role: 'worker', name, manager: agent.id, ...(model && { model }), intervalMs: workerSilenceMs }
    agent.emit('agent.started', data, { agent: worker, run })
  }

  function closeWorker({ worker, context }: Operation) {
    if (worker === undefined) return
    const left = (workers.get(worker) ?? 1) - 1
    if (left > 0) return void workers.set(worker, left)
    workers.delete(worker)
    agent.emit('agent.stopped', {}, context)
  }

  function begin({ callId, operationId = 'ai', functionId, modelId, provider }: Start) {
    const outer = enclosing()
    const worker = outer?.agent === agent && functionId !== undefined ? `${agent.id}/${functionId}` : undefined
    const said = outer?.run ?? options.run ?? agent.run
    const title = functionId ?? operationId
    const context = { agent: worker ?? agent.id, run: said ?? `${agent.id}/${callId}`, task: callId }
    const operation: Operation = { context, ownsRun: said === undefined, worker, open: new Map(), asked: 0 }
    operations.set(callId, operation)
    for (const oldest of operations.keys()) {
      if (operations.size <= mostOperations) break
      operations.delete(oldest)
    }

    if (operation.ownsRun) agent.emit('run.started', { name: title }, { run: context.run })
    if (worker !== undefined && functionId !== undefined) openWorker(worker, functionId, context.run, modelId)
    const parent = outer?.task ?? options.task
    const told = { title, ...(parent && { parent }) }
    if (outer !== undefined && outer.id !== context.agent)
      outer.agent.emit('task.assigned', { ...told, from: outer.id, to: context.agent }, { agent: outer.id, run: context.run, task: callId })
    else agent.emit('task.created', told, context)
    agent.emit('task.started', { operation: operationId, ...(modelId && { model: modelId }), ...(provider && { provider }) }, context)
  }

  function ask({ callId, modelId, provider }: Told, call?: string) {
    const operation = operations.get(callId)
    if (operation === undefined) return
    // Asked again before an answer came: the try before is over.
    if (call === undefined) failOpen(operation, 'it was asked again')
    operation.asked += 1
    const id = call ?? `${callId}:${operation.asked}`
    const told: Told = { callId, ...(modelId && { modelId }), ...(provider && { provider }) }
    operation.open.set(id, told)
    agent.emit('llm.started', { call: id, ...modelOf(told) }, operation.context)
  }

  function answered(event: Call, call?: string) {
    const operation = operations.get(event.callId)
    const id = call ?? [...(operation?.open.keys() ?? [])].at(-1)
    if (operation === undefined || id === undefined) return
    const asked = operation.open.get(id)
    operation.open.delete(id)
    const { finishReason, responseId, performance } = event
    const more = {
      ...(finishReason && { finishReason }),
      ...(responseId && { response: responseId }),
      ...(performance?.timeToFirstOutputMs !== undefined && { timeToFirstOutputMs: performance.timeToFirstOutputMs }),
    }
    agent.emit('llm.finished', { call: id, ...modelOf({ ...asked, ...event }), ...usageOf(event.usage), ...more }, operation.context)
  }

  function failOpen({ open, context }: Operation, error: string) {
    for (const [call, told] of open) agent.emit('llm.failed', { call, ...modelOf(told), error }, context)
    open.clear()
  }

  function end(callId: string, how: 'completed' | 'failed' | 'canceled', data: Record<string, unknown>, error?: string) {
    const operation = operations.get(callId)
    if (operation === undefined) return
    operations.delete(callId)
    failOpen(operation, error ?? 'it ended without an answer')
    agent.emit(`task.${how}`, data, operation.context)
    closeWorker(operation)
    if (!operation.ownsRun) return
    const { run } = operation.context
    if (how === 'completed') agent.emit('run.finished', {}, { run })
    else agent.emit('run.failed', { error: error ?? how }, { run })
  }

  const reported = ({ usage }: Call) => {
    const { inputTokens, outputTokens } = usageOf(usage)?.usage ?? {}
    return inputTokens === undefined && outputTokens === undefined
      ? {}
      : { reported: { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 } }
  }

  return {
    onStart: (event: Start) => safely(() => begin(event)),
    onLanguageModelCallStart: (event: Told) => safely(() => ask(event)),
    onLanguageModelCallEnd: (event: Call) => safely(() => answered(event)),
    onObjectStepStart: (event: Told) => safely(() => ask(event)),
    onObjectStepEnd: (event: Call) => safely(() => answered(event)),
    onEmbedStart: (event: Told & { readonly embedCallId: string }) => safely(() => ask(event, event.embedCallId)),
    onEmbedEnd: (event: Call & { readonly embedCallId: string }) => safely(() => answered(event, event.embedCallId)),
    onRerankStart: (event: Told) => safely(() => ask(event)),
    onRerankEnd: (event: Call) => safely(() => answered(event)),
    onToolExecutionStart: (event: ToolStart) =>
      safely(() => {
        const { callId, toolCall } = event
        const operation = operations.get(callId)
        if (operation !== undefined) agent.emit('tool.started', { call: toolCall.toolCallId, name: toolCall.toolName }, operation.context)
      }),
    onToolExecutionEnd: (event: ToolEnd) =>
      safely(() => {
        const { callId, toolCall, toolOutput } = event
        const operation = operations.get(callId)
        if (operation === undefined) return
        const data = { call: toolCall.toolCallId, name: toolCall.toolName }
        if (toolOutput.type !== 'tool-error') agent.emit('tool.finished', data, operation.context)
        else agent.emit('tool.failed', { ...data, error: messageOf(toolOutput.error) }, operation.context)
      }),
    onStepEnd: (event: Call & { readonly stepNumber?: number }) =>
      safely(() => {
        const { callId, stepNumber = 0, finishReason } = event
        const note = `step ${stepNumber + 1}${finishReason === undefined ? '' : `: ${finishReason}`}`
        const operation = operations.get(callId)
        if (operation !== undefined) agent.emit('task.progress', { note }, operation.context)
      }),
    onEnd: (event: Call) =>
      safely(() => {
        if (event.finishReason === 'error')
          end(event.callId, 'failed', { error: 'the model failed', ...reported(event) }, 'the model failed')
        else end(event.callId, 'completed', reported(event))
      }),
    onAbort: (event: { readonly callId: string; readonly reason?: unknown }) =>
      safely(() => {
        const { callId, reason = 'aborted' } = event
        end(callId, 'canceled', { note: messageOf(reason) }, 'aborted')
      }),
    onError: (event: unknown) =>
      safely(() => {
        const { callId, error } = event as { callId: string; error: unknown }
        const message = messageOf(error)
        if ((error as { name?: unknown } | undefined)?.name === 'AbortError') end(callId, 'canceled', { note: message }, 'aborted')
        else end(callId, 'failed', { error: message }, message)
      }),
    /** What the tool itself asks of a model is known as its own by this. */
    executeTool<T>({ callId, execute }: { readonly callId: string; readonly execute: () => PromiseLike<T> }): PromiseLike<T> {
      const context = operations.get(callId)?.context
      if (context === undefined) return execute()
      const here: Enclosing = { agent, id: context.agent, run: context.run, task: context.task }
      return within(here, execute)
    },
  }
}

const modelOf = ({ modelId, provider }: Partial<Told>) => ({
  ...(modelId && { name: modelId, model: modelId }),
  ...(provider && { provider }),
})

/** The SDK's events are whatever its version makes of them: what cannot be read must not reach the agent. */
function safely(tell: () => void): void {
  try {
    tell()
  } catch {
    // One event less; the agent goes on.
  }
}
