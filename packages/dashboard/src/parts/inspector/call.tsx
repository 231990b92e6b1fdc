import { callState } from '@signalbox/model/fold/call.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { useNow } from '../../live/live.ts'
import { compact, dateTime, dollars, spanOf, visible } from '../../text.ts'
import { Acknowledge } from './acknowledge.tsx'
import { eventsOfCall } from './bodies.ts'
import { AgentLink, EventsLink, Field, Heading, RunLink, Select, Trouble } from './fields.tsx'
import { useHeld } from './held.ts'
import { Links } from './links.tsx'
import { RawRow } from './raw.tsx'
import { Told } from './told.tsx'

const inks = { open: 'text-busy', finished: 'text-good', failed: 'text-bad', orphaned: 'text-wait' } as const

/** A fleet's feed brings open calls only; closed ones are known where their run is shown. */
export function CallDetail({ id }: { readonly id: string }) {
  const call = useHeld('calls', id)
  const agent = useHeld('agents', call?.agent)
  const of = useHeld('runs', call?.run)
  const now = useNow()
  const run = id.slice(0, id.indexOf('\u001f'))
  if (call === undefined)
    return (
      <p className="text-soft">
        This call has ended or is not known here. Ended calls are shown with their run{run === '' ? '' : ': '}
        {run !== '' && <RunLink run={run} />}
      </p>
    )
  const state = callState(call, agent, of)
  const { usage } = call
  const sel = `call:${id}`
  const begin = call.startedAt ?? call.endedAt
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(call.name)}</h3>
      <p className={`mb-3 ${inks[state]}`}>
        {call.kind === 'llm' ? 'model call' : 'tool call'} · {state}
      </p>
      {call.error !== undefined && <Trouble text={call.error} />}
      {(state === 'failed' || state === 'orphaned') && <Acknowledge subject={sel} />}
      <Links run={call.run} sel={sel} from={begin} to={call.endedAt ?? now} />
      <dl>
        {call.startedAt !== undefined && <Field name="Took">{spanOf((call.endedAt ?? now) - call.startedAt)}</Field>}
        {call.startedAt !== undefined && <Field name="Started">{dateTime(call.startedAt)}</Field>}
        {call.endedAt !== undefined && <Field name="Ended">{dateTime(call.endedAt)}</Field>}
        <Field name="Agent">
          <AgentLink id={call.agent} />
        </Field>
        {call.task !== undefined && (
          <Field name="Task">
            <Select sel={`task:${rowKey.task(call.run, call.task)}`}>{visible(call.task)}</Select>
          </Field>
        )}
        {call.run !== undefined && (
          <Field name="Run">
            <RunLink run={call.run} />
          </Field>
        )}
        <Field name="Events">
          <EventsLink
            of={{
              type: `${call.kind}.*`,
              ...(call.agent === undefined ? {} : { agent: call.agent }),
              ...(call.run === undefined ? {} : { run: call.run }),
            }}
          />
        </Field>
      </dl>
      {call.kind === 'llm' && (
        <>
          <Heading>Spend</Heading>
          <dl>
            <Field name="Tokens in / out">
              {compact(usage.inputTokens)} / {compact(usage.outputTokens)}
            </Field>
            <Field name="of which cached">{compact(usage.cacheReadTokens)}</Field>
            {usage.cacheWriteTokens > 0 && <Field name="written to a cache">{compact(usage.cacheWriteTokens)}</Field>}
            {usage.reasoningTokens > 0 && <Field name="of which reasoning">{compact(usage.reasoningTokens)}</Field>}
            <Field name="Cost">{dollars(usage.costMicros)}</Field>
          </dl>
        </>
      )}
      <Told of={[id, String(call.endedAt)]} read={() => eventsOfCall(call)} bodies={true} />
      <RawRow row={call} />
    </>
  )
}
