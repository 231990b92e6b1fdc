import type { StoredEvent } from '@signalbox/model/event.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import { fetchJson, useNow, useRow, useTask } from '../live/live.ts'
import { useSearch } from '../search.ts'
import { age, compact, dateTime, dollars, visible } from '../text.ts'
import { Json } from './json.tsx'
import { agentLook, Badge, taskLook } from './status.tsx'

/** What is selected, as it stands in the URL: `agent:id`, `event:id`, `task:run\u001fid`. */
export function Inspector({ selected, close }: { readonly selected: string; readonly close: () => void }) {
  const kind = selected.slice(0, selected.indexOf(':'))
  const id = selected.slice(kind.length + 1)
  return (
    <aside aria-label="Inspector" className="flex w-96 shrink-0 flex-col overflow-hidden border-l border-line bg-panel">
      <header className="flex items-center justify-between border-b border-line px-4 py-2.5">
        <h2 className="text-xs font-medium uppercase tracking-wide text-faint">{kind}</h2>
        <button
          type="button"
          onClick={close}
          className="rounded px-2 py-0.5 text-faint hover:bg-raised hover:text-ink"
          aria-label="Close inspector"
        >
          esc ✕
        </button>
      </header>
      <div className="flex-1 overflow-auto p-4">
        {kind === 'agent' ? <AgentDetail id={id} /> : kind === 'task' ? <TaskDetail id={id} /> : <EventDetail id={id} />}
      </div>
    </aside>
  )
}

function Field({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex justify-between gap-4 border-b border-line/60 py-1.5 last:border-0">
      <dt className="text-faint">{name}</dt>
      <dd className="min-w-0 break-words text-right">{children}</dd>
    </div>
  )
}

/** Within the page: the feeds stay open. */
function RunLink({ run }: { readonly run: string }) {
  return (
    <Link to="/runs/$run" params={{ run }} className="text-accent hover:underline">
      {visible(run)}
    </Link>
  )
}

/** Selects another thing in the same inspector. */
function Select({ sel, children }: { readonly sel: string; readonly children: ReactNode }) {
  const [, setSearch] = useSearch()
  return (
    <button type="button" className="break-words text-right text-accent hover:underline" onClick={() => setSearch({ sel })}>
      {children}
    </button>
  )
}

function AgentDetail({ id }: { readonly id: string }) {
  const agent = useRow('agents', id)
  const now = useNow()
  if (agent === undefined) return <p className="text-faint">No agent “{visible(id)}” is known here.</p>
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(agent.name?.value ?? agent.id)}</h3>
      <p className="mb-4">
        <Badge look={agentLook(agent.status?.value)} />
      </p>
      <dl>
        <Field name="Role">{agent.role?.value ?? '–'}</Field>
        <Field name="Manager">
          {agent.manager === undefined ? '–' : <Select sel={`agent:${agent.manager.value}`}>{visible(agent.manager.value)}</Select>}
        </Field>
        <Field name="Task">
          {agent.task === undefined || agent.task.value === '' ? (
            '–'
          ) : (
            <Select sel={`task:${rowKey.task(agent.run?.value, agent.task.value)}`}>{visible(agent.task.value)}</Select>
          )}
        </Field>
        <Field name="Run">{agent.run === undefined ? '–' : <RunLink run={agent.run.value} />}</Field>
        <Field name="Model">{visible(agent.model?.value ?? '–')}</Field>
        <Field name="Last seen">{age(now - agent.lastSeenAt)} ago</Field>
        <Field name="Events">{compact(agent.events)}</Field>
        <Field name="Model calls">{compact(agent.totals.llmCalls)}</Field>
        <Field name="Tool calls">{compact(agent.totals.toolCalls)}</Field>
        <Field name="Errors">{compact(agent.totals.errors)}</Field>
        <Field name="Tokens in / out">
          {compact(agent.totals.inputTokens)} / {compact(agent.totals.outputTokens)}
        </Field>
        <Field name="Cost">{dollars(agent.totals.costMicros)}</Field>
      </dl>
      <InFlight agent={agent} now={now} />
    </>
  )
}

function InFlight({ agent, now }: { readonly agent: AgentRow; readonly now: number }) {
  const open = agent.inFlight
  if (open.length === 0) return null
  return (
    <>
      <h4 className="mb-1 mt-5 text-xs font-medium uppercase tracking-wide text-faint">In flight</h4>
      <ul>
        {open.map(({ call, name, startedAt }) => (
          <li key={call} className="flex justify-between py-1">
            <span className="truncate">{visible(name)}</span>
            <span className="text-busy">{age(now - startedAt)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

function TaskDetail({ id }: { readonly id: string }) {
  const task = useTask(id)
  if (task === undefined) return <p className="text-faint">This task is not known here.</p>
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(task.title?.value ?? task.id)}</h3>
      <p className="mb-4">
        <Badge look={taskLook(task.state)} />
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
          {task.assignee === undefined ? '–' : <Select sel={`agent:${task.assignee.value}`}>{visible(task.assignee.value)}</Select>}
        </Field>
        {task.run !== undefined && (
          <Field name="Run">
            <RunLink run={task.run} />
          </Field>
        )}
        <Field name="Given by">{visible(task.createdBy ?? '–')}</Field>
        <Field name="Opened">{dateTime(task.openedAt)}</Field>
        {task.endedAt !== undefined && <Field name="Ended">{dateTime(task.endedAt)}</Field>}
        {task.error !== undefined && <Field name="Error">{visible(task.error)}</Field>}
      </dl>
      <h4 className="mb-1 mt-5 text-xs font-medium uppercase tracking-wide text-faint">History</h4>
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

function EventDetail({ id }: { readonly id: string }) {
  const [event, setEvent] = useState<StoredEvent | { readonly problem: string } | undefined>()
  useEffect(() => {
    let shown = true
    setEvent(undefined)
    fetchJson<StoredEvent>(`/v1/events/${encodeURIComponent(id)}`)
      .then((found) => shown && setEvent(found))
      .catch((error: Error) => shown && setEvent({ problem: error.message }))
    return () => {
      shown = false
    }
  }, [id])
  if (event === undefined) return <p className="text-faint">loading …</p>
  if ('problem' in event) return <p className="break-words text-bad">{visible(event.problem)}</p>
  return (
    <>
      <h3 className="mb-3 break-words text-base font-semibold">{visible(event.type)}</h3>
      <dl className="mb-4">
        {event.agent !== undefined && (
          <Field name="Agent">
            <Select sel={`agent:${event.agent}`}>{visible(event.agent)}</Select>
          </Field>
        )}
        {event.task !== undefined && (
          <Field name="Task">
            <Select sel={`task:${rowKey.task(event.run, event.task)}`}>{visible(event.task)}</Select>
          </Field>
        )}
        {event.run !== undefined && (
          <Field name="Run">
            <RunLink run={event.run} />
          </Field>
        )}
      </dl>
      <Json value={event} />
    </>
  )
}
