import { rowKey } from '@signalbox/model/fold/keys.ts'
import { isOrphaned } from '@signalbox/model/fold/task.ts'
import { useRow, useTask } from '../../live/live.ts'
import { dateTime, visible } from '../../text.ts'
import { Badge, orphanedLook, taskLook } from '../status.tsx'
import { AgentLink, EventsLink, Field, Heading, Passage, RunLink, Select } from './fields.tsx'

export function TaskDetail({ id }: { readonly id: string }) {
  const task = useTask(id)
  const agent = useRow('agents', task?.assignee?.value)
  const run = useRow('runs', task?.run)
  if (task === undefined) return <p className="text-faint">This task is not known here.</p>
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(task.title?.value ?? task.id)}</h3>
      <p className="mb-4">
        <Badge look={isOrphaned(task, agent, run) ? orphanedLook : taskLook(task.state)} />
      </p>
      {task.contradicted > 0 && (
        <p className="mb-4 rounded border border-wait/40 bg-wait/10 p-2 text-wait">
          ⚠ {task.contradicted} later {task.contradicted === 1 ? 'event says' : 'events say'} otherwise, last by{' '}
          {visible(task.contradictedBy ?? 'unknown')}.
        </p>
      )}
      <dl>
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
        {task.error !== undefined && <Passage name="Error" text={task.error} ink="text-bad" />}
        <Field name="Events">
          <EventsLink of={{ task: task.id, ...(task.run === undefined ? {} : { run: task.run }) }} />
        </Field>
      </dl>
      <Heading>History</Heading>
      <ol>
        {task.history.map((entry) => (
          <li key={`${entry.at} ${entry.state}`} className="flex justify-between py-1">
            <Badge look={taskLook(entry.state)} />
            <span className="text-faint">{dateTime(entry.at)}</span>
          </li>
        ))}
      </ol>
    </>
  )
}
