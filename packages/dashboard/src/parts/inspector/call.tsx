import { callState } from '@signalbox/model/fold/call.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { useSyncExternalStore } from 'react'
import { store, useNow, useRow } from '../../live/live.ts'
import { useShownRun } from '../../live/run.ts'
import { age, compact, dateTime, dollars, visible } from '../../text.ts'
import { AgentLink, EventsLink, Field, Passage, RunLink, Select } from './fields.tsx'

const inks = { open: 'text-busy', finished: 'text-good', failed: 'text-bad', orphaned: 'text-wait' } as const

/** A fleet's feed brings open calls only; closed ones are known where their run is shown. */
export function CallDetail({ id }: { readonly id: string }) {
  const { store: shown, older } = useShownRun()
  const from = shown ?? store
  const held = useSyncExternalStore(
    (listener) => from.watchKey('calls', id, listener),
    () => from.get('calls', id),
  )
  const call = held ?? older?.get(id)
  const agent = useRow('agents', call?.agent)
  const of = useRow('runs', call?.run)
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
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(call.name)}</h3>
      <p className={`mb-4 ${inks[state]}`}>
        {call.kind === 'llm' ? 'model call' : 'tool call'} · {state}
      </p>
      <dl>
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
        {call.startedAt !== undefined && <Field name="Started">{dateTime(call.startedAt)}</Field>}
        {call.startedAt !== undefined && <Field name="Took">{age((call.endedAt ?? now) - call.startedAt)}</Field>}
        {call.kind === 'llm' && (
          <>
            <Field name="Tokens in / out">
              {compact(usage.inputTokens)} / {compact(usage.outputTokens)}
            </Field>
            <Field name="of which cached">{compact(usage.cacheReadTokens)}</Field>
            <Field name="Cost">{dollars(usage.costMicros)}</Field>
          </>
        )}
        {call.error !== undefined && <Passage name="Error" text={call.error} ink="text-bad" />}
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
    </>
  )
}
