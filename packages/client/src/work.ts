/** Pairs of events around a piece of work, whatever becomes of it. The words are those of model/vocabulary.ts. */
import type { UsageData } from '@signalbox/model/vocabulary.ts'

export interface EmitContext {
  /** Who did it, where it was not the agent itself but one that it runs. */
  readonly agent?: string
  readonly run?: string
  readonly task?: string
  readonly cause?: string
}

export type Emit = (type: string, data?: Record<string, unknown>, context?: EmitContext) => string

/** Figures of a model call that only its end knows. */
export interface LlmResult {
  readonly model?: string
  /** Tokens; `inputTokens` includes cached ones. */
  readonly usage?: UsageData
  /** Millionths of a dollar. */
  readonly costMicros?: number
}

export interface LlmCall<T> extends EmitContext {
  /** What the call is for. */
  readonly name?: string
  readonly model?: string
  readonly call: () => Promise<T> | T
  /** Reads the figures from the result; what it throws is not thrown to the caller. */
  readonly result?: (value: T) => LlmResult
}

export interface ToolCall<T> extends EmitContext {
  readonly name: string
  readonly call: () => Promise<T> | T
}

export interface Work {
  /**
   * task.created and task.started, then task.completed or task.failed. `work` gets the new task's id, and may give it as `task` to what it
   * emits. `context.task`, where given, is the parent. Rethrows what `work` throws.
   */
  task<T>(title: string, work: (task: string) => Promise<T> | T, context?: EmitContext): Promise<T>
  /** llm.started, then llm.finished with usage and cost, or llm.failed. Rethrows what `call` throws. */
  llm<T>(call: LlmCall<T>): Promise<T>
  /** tool.started, then tool.finished or tool.failed. Rethrows what the work throws. */
  tool<T>(call: ToolCall<T>): Promise<T>
  tool<T>(name: string, work: () => Promise<T> | T, context?: EmitContext): Promise<T>
}

/** `emit` must not throw. */
export function createWork(emit: Emit, nextId: () => string): Work {
  async function around<T>(work: () => Promise<T> | T, finished: (value: T) => void, failed: (error: string) => void): Promise<T> {
    try {
      const value = await work()
      finished(value)
      return value
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  return {
    task(title, work, { task: parent, ...rest } = {}) {
      const task = nextId()
      const context = { ...rest, task }
      emit('task.created', { title, ...(parent === undefined ? {} : { parent }) }, context)
      emit('task.started', {}, context)
      return around(
        () => work(task),
        () => emit('task.completed', {}, context),
        (error) => emit('task.failed', { error }, context),
      )
    },
    llm<T>({ name, model, call, result, ...context }: LlmCall<T>) {
      const data = { call: nextId(), ...(name && { name }), ...(model && { model }) }
      const figures = (value: T): LlmResult => {
        try {
          return result?.(value) ?? {}
        } catch {
          // The call itself went well; only its figures are missing.
          return {}
        }
      }
      emit('llm.started', data, context)
      return around(
        call,
        (value) => emit('llm.finished', { ...data, ...figures(value) }, context),
        (error) => emit('llm.failed', { ...data, error }, context),
      )
    },
    tool<T>(first: string | ToolCall<T>, work?: () => Promise<T> | T, given: EmitContext = {}) {
      const { name, call, ...context } = typeof first === 'string' ? { name: first, call: work, ...given } : first
      const data = { call: nextId(), name }
      emit('tool.started', data, context)
      return around(
        () => {
          if (call === undefined) throw new TypeError(`The tool ${name} was given no work.`)
          return call()
        },
        () => emit('tool.finished', data, context),
        (error) => emit('tool.failed', { ...data, error }, context),
      )
    },
  }
}
