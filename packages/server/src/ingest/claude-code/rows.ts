/** Every hook of Claude Code that says something of its own: which fields it reads and what it tells. Others are kept as they are. */
import type { Hook } from './hook.ts'
import * as life from './rows-life.ts'
import * as tools from './rows-tools.ts'
import type { Session } from './sessions.ts'
import { asItIs, status, type Told } from './told.ts'

interface Row {
  /** Fields that its events say; the rest goes into `attributes` of the first. */
  readonly reads: readonly string[]
  readonly tell: (hook: Hook, session: Session) => readonly Told[]
}

const call = ['tool_name', 'tool_input', 'tool_use_id'] as const
const task = ['task_id', 'task_subject', 'task_description', 'teammate_name'] as const
const note = ['message', 'title', 'notification_type'] as const
const compacted = ({ body }: Hook): readonly Told[] => [
  { type: 'context.compacted', data: { trigger: body.trigger, summary: body.compact_summary } },
]
const changed = ({ body }: Hook): readonly Told[] => [{ type: 'artifact.updated', data: { path: body.file_path, change: body.event } }]

const rows: ReadonlyMap<string, Row> = new Map(
  Object.entries({
    SessionStart: { reads: ['source', 'model', 'session_title'], tell: life.sessionStart },
    SessionEnd: { reads: ['reason'], tell: life.sessionEnd },
    UserPromptSubmit: { reads: ['prompt'], tell: life.prompt },
    Stop: { reads: ['last_assistant_message'], tell: life.stop },
    StopFailure: { reads: ['error', 'error_details', 'last_assistant_message'], tell: life.stopFailure },
    PreToolUse: { reads: call, tell: tools.started },
    PostToolUse: { reads: [...call, 'tool_response', 'duration_ms'], tell: tools.finished },
    PostToolUseFailure: { reads: [...call, 'error', 'duration_ms'], tell: tools.failed },
    PostToolBatch: { reads: ['tool_calls'], tell: tools.batch },
    PermissionRequest: { reads: call, tell: tools.permission },
    PermissionDenied: { reads: [...call, 'reason'], tell: tools.denied },
    Notification: { reads: note, tell: life.notification },
    Elicitation: { reads: ['message'], tell: ({ body }) => [status('waiting', body.message)] },
    ElicitationResult: { reads: ['action'], tell: ({ body }) => [status('busy', body.action)] },
    SubagentStart: { reads: [], tell: life.subagentStart },
    SubagentStop: { reads: ['last_assistant_message'], tell: life.subagentStop },
    TaskCreated: { reads: task, tell: life.taskCreated },
    TaskCompleted: { reads: task, tell: life.taskCompleted },
    TeammateIdle: { reads: ['teammate_name'], tell: life.teammateIdle },
    PreCompact: { reads: [], tell: () => [status('busy', 'compacting its context')] },
    PostCompact: { reads: ['trigger', 'compact_summary'], tell: compacted },
    FileChanged: { reads: ['file_path', 'event'], tell: changed },
  } satisfies Record<string, Row>),
)

export const rowOf = ({ name }: Hook): Row => rows.get(name) ?? { reads: [], tell: (hook) => [asItIs(hook)] }
