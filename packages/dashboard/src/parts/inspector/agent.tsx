import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { useNow } from '../../live/live.ts'
import { age, compact, dateTime, dollars, visible } from '../../text.ts'
import { agentLook, Badge, hasGone } from '../status.tsx'
import { Acknowledge } from './acknowledge.tsx'
import { AgentLink, EventsLink, Field, Heading, RunLink, Select } from './fields.tsx'
import { useHeld } from './held.ts'
import { Links } from './links.tsx'
import { RawRow } from './raw.tsx'

export function AgentDetail({ id }: { readonly id: string }) {
  const agent = useHeld('agents', id)
  const now = useNow()
  if (agent === undefined) return <p className="text-faint">No agent “{visible(id)}” is known here.</p>
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(agent.name?.value ?? agent.id)}</h3>
      <p className="mb-3">
        <Badge look={agentLook(agent.status?.value)} />
      </p>
      {['stuck', 'lost', 'waiting'].includes(agent.status?.value ?? '') && <Acknowledge subject={`agent:${id}`} />}
      <Links run={agent.run?.value} sel={`agent:${id}`} />
      <dl>
        <Field name="Role">{agent.role?.value ?? '–'}</Field>
        <Field name="Manager">
          <AgentLink id={agent.manager?.value} />
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
        <Field name="Last seen">
          <span title={dateTime(agent.lastSeenAt)}>{age(now - agent.lastSeenAt)} ago</span>
        </Field>
        <Field name="Events">
          {compact(agent.events)} · <EventsLink of={{ agent: agent.id }} />
        </Field>
      </dl>
      <Heading>Spend</Heading>
      <dl>
        <Field name="Model calls">{compact(agent.totals.llmCalls)}</Field>
        <Field name="Tool calls">{compact(agent.totals.toolCalls)}</Field>
        <Field name="Errors">{compact(agent.totals.errors)}</Field>
        <Field name="Tokens in / out">
          {compact(agent.totals.inputTokens)} / {compact(agent.totals.outputTokens)}
        </Field>
        <Field name="of which cached">{compact(agent.totals.cacheReadTokens)}</Field>
        <Field name="Cost">{dollars(agent.totals.costMicros)}</Field>
      </dl>
      <InFlight agent={agent} now={now} />
      <RawRow row={agent} />
    </>
  )
}

function InFlight({ agent, now }: { readonly agent: AgentRow; readonly now: number }) {
  const open = agent.inFlight
  if (open.length === 0) return null
  const isGone = hasGone(agent)
  return (
    <>
      <Heading>{isGone ? 'Orphaned' : 'In flight'}</Heading>
      <ul>
        {open.map(({ call, name, startedAt }) => (
          <li key={call} className="flex justify-between py-1">
            <Select sel={`call:${call}`}>{visible(name)}</Select>
            <span className={isGone ? 'text-wait' : 'text-busy'}>{age(now - startedAt)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
