/** The event types Signalbox understands and the `data` fields its fold reads. Other fields are stored untouched; other types too. */
import Type, { type Static, type TSchema } from 'typebox'
import { taskStates } from './rows.ts'

/** Calls that one `llm.attributed` or `tool.attributed` can tell of. */
export const mostCallsTold = 100

const Text = Type.String()
const Count = Type.Integer({ minimum: 0 })
const Role = Type.Union([Type.Literal('manager'), Type.Literal('worker'), Type.Literal('tool'), Type.Literal('human')])
const Status = Type.Union(['idle', 'busy', 'waiting', 'stuck', 'stopped', 'lost'].map((status) => Type.Literal(status)))

/** Totals that a parent claims for its children: kept as `reported*`, never added to sums over leaves. */
const Reported = Type.Partial(Type.Object({ inputTokens: Count, outputTokens: Count, costMicros: Count }))
/** Tokens of one model call. Input includes cached tokens. */
const Usage = Type.Partial(
  Type.Object({ inputTokens: Count, cacheReadTokens: Count, cacheWriteTokens: Count, outputTokens: Count, reasoningTokens: Count }),
)

const data = (fields: Record<string, TSchema>) => Type.Partial(Type.Object({ reported: Reported, ...fields }))
const need = (fields: Record<string, TSchema>, more: Record<string, TSchema>) => Type.Intersect([Type.Object(fields), data(more)])
const taskChange = data({ note: Text, error: Text })
const call = { call: Text, name: Text, model: Text, error: Text }
/** `startedAt`, RFC 3339: of a call whose start had no event of its own. */
const ended = { ...call, startedAt: Text }
/** Whose calls are, told apart from them: by who learned it when they had been told already. Without `call` those of `calls`, all at once. */
const attributed = Type.Intersect([
  Type.Union([Type.Object({ call: Type.Unknown() }), Type.Object({ calls: Type.Unknown() })]),
  data({ call: Text, calls: Type.Array(Text, { minItems: 1, maxItems: mostCallsTold }) }),
])

export const vocabulary = {
  'agent.started': data({ role: Role, name: Text, manager: Text, model: Text, host: Text, team: Text, intervalMs: Count }),
  'agent.heartbeat': data({ intervalMs: Count }),
  'agent.status': data({ status: Status, detail: Text }),
  'agent.stopped': data({ reason: Text }),
  'run.started': data({ name: Text, synthetic: Type.Boolean() }),
  'run.finished': data({}),
  'run.failed': data({ error: Text }),
  'plan.updated': data({}),
  'task.created': data({ title: Text, parent: Text, assignee: Text }),
  'task.assigned': need({ to: Text }, { from: Text }),
  'task.started': taskChange,
  'task.progress': taskChange,
  'task.input_required': taskChange,
  'task.auth_required': taskChange,
  'task.completed': taskChange,
  'task.failed': taskChange,
  'task.canceled': taskChange,
  'task.rejected': taskChange,
  handoff: need({ to: Text }, { from: Text }),
  'message.sent': data({ to: Text }),
  'artifact.updated': data({}),
  'llm.started': data(call),
  'llm.finished': data({ ...ended, usage: Usage, costMicros: Count }),
  'llm.failed': data({ ...ended, usage: Usage, costMicros: Count }),
  'llm.attributed': attributed,
  'tool.started': data(call),
  'tool.finished': data(ended),
  'tool.failed': data(ended),
  'tool.attributed': attributed,
  'approval.requested': data({}),
  'approval.decided': data({}),
  'state.set': data({}),
  'context.compacted': data({}),
  'alert.fired': data({}),
  'alert.resolved': data({}),
  'command.issued': data({}),
  'command.delivered': data({}),
  'command.acked': data({}),
  'command.rejected': data({}),
  'command.expired': data({}),
  metric: data({}),
  log: data({}),
} satisfies Record<string, TSchema>

export type KnownType = keyof typeof vocabulary
export const isKnownType = (type: string): type is KnownType => Object.hasOwn(vocabulary, type)
export type UsageData = Static<typeof Usage>
export { taskStates }
