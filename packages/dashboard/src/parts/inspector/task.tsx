import { rowKey } from '@signalbox/model/fold/keys.ts'
import { isOrphaned } from '@signalbox/model/fold/task.ts'
import type { TaskRow } from '@signalbox/model/rows.ts'
import { useNow } from '../../live/live.ts'
import { useTask } from '../../live/task.ts'
import { compact, dateTime, dollars, spanOf, visible, whole } from '../../text.ts'
import { Badge, orphanedLook, taskLook } from '../status.tsx'
import { Acknowledge } from './acknowledge.tsx'
import { eventsOfTask } from './bodies.ts'
import { AgentLink, EventsLink, Field, Heading, Passage, RunLink, Select, Trouble } from './fields.tsx'
import { useHeld, useTaskSpend } from './held.ts'
import { Links } from './links.tsx'
import { RawRow } from './raw.tsx'
import { Told } from './told.tsx'

export function TaskDetail({ id }: { readonly id: string }) {
  const held = useHeld('tasks', id)
  return held === undefined ? <Fetched id={id} /> : <Task task={held} id={id} />
}

/** One that ended, and whose run is not shown. */
function Fetched({ id }: { readonly id: string }) {
  const task = useTask(id)
  return task === undefined ? <p className="text-faint">This task is not known here.</p> : <Task task={task} id={id} />
}

function Task({ task, id }: { readonly task: TaskRow; readonly id: string }) {
  const agent = useHeld('agents', task.assignee?.value)
  const run = useHeld('runs', task.run)
  const spend = useTaskSpend(task.run, task.id)
  const now = useNow()
  const orphaned = isOrphaned(task, agent, run)
  const sel = `task:${id}`
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(task.title?.value ?? task.id)}</h3>
      <p className="mb-3">
        <Badge look={orphaned ? orphanedLook : taskLook(task.state)} />
      </p>
      {task.error !== undefined && <Trouble text={task.error} />}
      {task.contradicted > 0 && (
        <p className="mb-4 rounded border border-wait/40 bg-wait/10 p-2 text-wait">
          ⚠ {task.contradicted} later {task.contradicted === 1 ? 'event says' : 'events say'} otherwise, last by{' '}
          {visible(task.contradictedBy ?? 'unknown')}.
        </p>
      )}
      {(orphaned || task.contradicted > 0 || ['failed', 'rejected', 'input_required', 'auth_required'].includes(task.state)) && (
        <Acknowledge subject={sel} />
      )}
      <Links run={task.run} sel={sel} from={task.openedAt} to={task.endedAt ?? now} />
      <dl>
        <Field name="Took">{spanOf((task.endedAt ?? now) - (task.startedAt ?? task.openedAt))}</Field>
        <Field name="Id">{visible(task.id)}</Field>
        <Field name="Assignee">
          <AgentLink id={task.assignee?.value} />
        </Field>
        {task.run !== undefined && (
          <Field name="Run">
            <RunLink run={task.run} />
          </Field>
        )}
        <Field name="Given by">
          <AgentLink id={task.createdBy} />
        </Field>
        {task.parent !== undefined && (
          <Field name="Part of">
            <Select sel={`task:${rowKey.task(task.run, task.parent)}`}>{visible(task.parent)}</Select>
          </Field>
        )}
        {task.progress !== undefined && <Passage name="Last note" text={task.progress.value} />}
        <Field name="Opened">{dateTime(task.openedAt)}</Field>
        {task.endedAt !== undefined && <Field name="Ended">{dateTime(task.endedAt)}</Field>}
        <Field name="Events">
          <EventsLink of={{ task: task.id, ...(task.run === undefined ? {} : { run: task.run }) }} />
        </Field>
      </dl>
      {spend !== undefined && spend.calls > 0 && (
        <>
          <Heading>Spend of its calls</Heading>
          <dl>
            <Field name="Calls">
              {whole(spend.calls)}
              {spend.errors > 0 && <span className="text-bad"> · ✕ {whole(spend.errors)}</span>}
            </Field>
            <Field name="Tokens in / out">
              {compact(spend.inputTokens)} / {compact(spend.outputTokens)}
            </Field>
            <Field name="of which cached">{compact(spend.cachedTokens)}</Field>
            <Field name="Cost">{dollars(spend.costMicros)}</Field>
          </dl>
        </>
      )}
      <Heading>History</Heading>
      <ol>
        {task.history.map((entry) => (
          <li key={`${entry.at} ${entry.state}`} className="flex justify-between py-1">
            <Badge look={taskLook(entry.state)} />
            <span className="text-faint">{dateTime(entry.at)}</span>
          </li>
        ))}
      </ol>
      <Told of={[id, String(task.updatedAt)]} read={() => eventsOfTask(task.run, task.id)} bodies={false} />
      <RawRow row={task} />
    </>
  )
}
