/**
 * What the fold makes of the log: five tables of rows.
 *
 * Rows are kept per log partition. A run, its tasks, calls and edges live wholly in one partition; an agent may
 * have one row in each partition it worked in, and a reader joins them (`joinAgents`). Rows are never deleted by the
 * fold, only replaced, so "what changed after position P" is `position > P`.
 */
import type { EpochMs, EventId, Micros } from './event.ts'

export const tables = ['agents', 'runs', 'tasks', 'calls', 'edges'] as const
export type Table = (typeof tables)[number]

export type AgentRole = 'manager' | 'worker' | 'tool' | 'human'
/** `lost` is set by the server's own `agent.status` event when heartbeats stop; the next sign of life ends it. */
export type AgentStatus = 'idle' | 'busy' | 'waiting' | 'stuck' | 'stopped' | 'lost'
export const taskStates = [
  'submitted',
  'working',
  'input_required',
  'auth_required',
  'completed',
  'failed',
  'canceled',
  'rejected',
] as const
export type TaskState = (typeof taskStates)[number]
export type RunState = 'running' | 'finished' | 'failed'

/** Sums over leaf `llm.*` and `tool.*` calls; `reported*` is what parents claimed, kept apart and never added. Input includes cached tokens. */
export interface Totals {
  readonly llmCalls: number
  readonly toolCalls: number
  readonly errors: number
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly costMicros: Micros
  readonly reportedInputTokens: number
  readonly reportedOutputTokens: number
  readonly reportedCostMicros: Micros
}

/** A value with the time and id of the event that set it; the later wins, ties go to the greater id. */
export interface Latest<T> {
  readonly value: T
  readonly at: EpochMs
  readonly by: EventId
}

export interface InFlight {
  /** Key of its call row. */
  readonly call: string
  readonly kind: 'llm' | 'tool'
  readonly name: string
  readonly startedAt: EpochMs
}

export interface AgentRow {
  readonly id: string
  readonly role?: Latest<AgentRole> | undefined
  readonly name?: Latest<string> | undefined
  /** Agent id of the manager. */
  readonly manager?: Latest<string> | undefined
  readonly model?: Latest<string> | undefined
  readonly host?: Latest<string> | undefined
  /** What it belongs to, by its own word. Absent in rows of older folds. */
  readonly team?: Latest<string> | undefined
  readonly status?: Latest<AgentStatus> | undefined
  readonly run?: Latest<string> | undefined
  /** Task it works on now; '' when none. */
  readonly task?: (Latest<string> & { readonly run?: string | undefined }) | undefined
  /** When its last task ended: what it says of work before that is past, also when it comes later. */
  readonly freedAt?: EpochMs | undefined
  readonly firstSeenAt: EpochMs
  /** Time of its newest event of any type; of an agent that was only named, when it was named last. */
  readonly lastSeenAt: EpochMs
  readonly lastHeartbeatAt?: EpochMs | undefined
  /** Server time of its newest event; the server's own events about it do not count. */
  readonly lastReceivedAt: EpochMs
  /** Longest silence it announced, from `agent.started|heartbeat` `data.intervalMs`. */
  readonly heartbeatIntervalMs?: number | undefined
  /** Time of its newest event that is its own work, not a heartbeat. */
  readonly lastProgressAt?: EpochMs | undefined
  readonly events: number
  readonly totals: Totals
  /** Open calls, oldest first; at most 32, the oldest leave first. */
  readonly inFlight: readonly InFlight[]
}

export interface RunRow {
  readonly id: string
  readonly name?: Latest<string> | undefined
  readonly state: RunState
  readonly startedAt: EpochMs
  readonly finishedAt?: EpochMs | undefined
  readonly lastEventAt: EpochMs
  readonly error?: string | undefined
  /** True when the run's pace was made up (`data.synthetic` of run.started). */
  readonly synthetic: boolean
  readonly events: number
  /** Distinct agents seen, in order of first appearance; at most 1,000. */
  readonly agents: readonly string[]
  /** Number of its tasks in each state. */
  readonly tasks: Readonly<Record<TaskState, number>>
  readonly totals: Totals
}

export interface TaskRow {
  readonly id: string
  readonly run?: string | undefined
  readonly title?: Latest<string> | undefined
  readonly parent?: string | undefined
  readonly state: TaskState
  readonly createdBy?: string | undefined
  readonly assignee?: Latest<string> | undefined
  /** Agents that were given it or worked at it, the newest 32: its end frees them. Absent in rows of older folds. */
  readonly workers?: readonly string[] | undefined
  readonly openedAt: EpochMs
  readonly startedAt?: EpochMs | undefined
  readonly endedAt?: EpochMs | undefined
  readonly updatedAt: EpochMs
  readonly progress?: Latest<string> | undefined
  readonly error?: string | undefined
  /** Events that contradicted its terminal state (closed twice, reopened); kept in the log, shown as a flag. */
  readonly contradicted: number
  readonly contradictedBy?: string | undefined
  /** State changes in log order, oldest first, at most 200; what swimlanes draw. */
  readonly history: readonly { readonly state: TaskState; readonly at: EpochMs; readonly agent?: string | undefined }[]
}

/** One model or tool call. Open until its end comes; `orphaned` is derived (`callState`), so that a late end simply closes it. */
export interface CallRow {
  /** `data.call`, or the event id where the sender gave none. */
  readonly id: string
  readonly kind: 'llm' | 'tool'
  readonly name: string
  readonly run?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly startedAt?: EpochMs | undefined
  readonly endedAt?: EpochMs | undefined
  readonly outcome?: 'finished' | 'failed' | undefined
  readonly error?: string | undefined
  readonly usage: {
    readonly inputTokens: number
    readonly cacheReadTokens: number
    readonly cacheWriteTokens: number
    readonly outputTokens: number
    readonly reasoningTokens: number
    readonly costMicros: Micros
  }
}

export interface EdgeRow {
  /** `${run}\u001f${from}\u001f${to}\u001f${kind}` */
  readonly id: string
  readonly run?: string | undefined
  readonly from: string
  readonly to: string
  readonly kind: 'delegation' | 'handoff' | 'message'
  readonly count: number
  readonly firstAt: EpochMs
  readonly lastAt: EpochMs
  /** Task of the newest one. */
  readonly task?: string | undefined
}

export interface RowOf {
  readonly agents: AgentRow
  readonly runs: RunRow
  readonly tasks: TaskRow
  readonly calls: CallRow
  readonly edges: EdgeRow
}

/** Task keys are `${run}\u001f${task}` and call keys `${run}\u001f${call}`: two runs may use one name. */
export interface RowKey {
  readonly table: Table
  readonly key: string
}

/** Where the fold reads and writes. The sequencer gives an overlay over its cache, the browser a Map. */
export interface Rows {
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  set<T extends Table>(table: T, key: string, row: RowOf[T]): void
}

/** A row that a commit changed, as stored and as sent on state feeds. */
export interface ChangedRow {
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
}
