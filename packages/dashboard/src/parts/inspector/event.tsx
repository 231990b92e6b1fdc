import type { StoredEvent } from '@signalbox/model/event.ts'
import { callsOf, rowKey } from '@signalbox/model/fold/keys.ts'
import { useQuery } from '@tanstack/react-query'
import { fetchJson } from '../../live/live.ts'
import { dateTime, visible } from '../../text.ts'
import { Copy } from '../copy.tsx'
import { Json } from '../json.tsx'
import { AgentLink, Field, RunLink, Select, Trouble } from './fields.tsx'
import { Links } from './links.tsx'

export function EventDetail({ id }: { readonly id: string }) {
  // What is stored never changes.
  const { data: event, error } = useQuery({
    queryKey: ['event', id],
    queryFn: () => fetchJson<StoredEvent>(`/v1/events/${encodeURIComponent(id)}`),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  if (error !== null)
    return (
      <p className="break-words text-soft">This event cannot be shown: {visible(error.message)}. It may have left with the retention.</p>
    )
  if (event === undefined) return <p className="text-faint">loading …</p>
  const calls = callsOf(event)
  const [only] = calls.length === 1 ? calls : []
  return (
    <>
      <h3 className="mb-3 break-words text-base font-semibold">{visible(event.type)}</h3>
      {typeof event.data.error === 'string' && event.data.error !== '' && <Trouble text={event.data.error} />}
      <Links
        run={event.run}
        sel={
          only !== undefined
            ? `call:${only.key}`
            : event.task !== undefined
              ? `task:${rowKey.task(event.run, event.task)}`
              : `event:${event.id}`
        }
      />
      <dl className="mb-4">
        <Field name="Time">{dateTime(Date.parse(event.time))}</Field>
        {event.agent !== undefined && (
          <Field name="Agent">
            <AgentLink id={event.agent} />
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
        {event.cause !== undefined && (
          <Field name="Caused by">
            <Select sel={`event:${event.cause}`}>{visible(event.cause)}</Select>
          </Field>
        )}
        {calls.length > 0 && (
          <Field name={only === undefined ? 'Calls' : 'Call'}>
            {calls.map(({ id: call, key }) => (
              <div key={key}>
                <Select sel={`call:${key}`}>{visible(call)}</Select>
              </div>
            ))}
          </Field>
        )}
        <Field name="Source">{visible(event.source)}</Field>
      </dl>
      <div className="mb-2 flex items-center justify-between">
        <h4 className="text-xs font-medium uppercase tracking-wide text-faint">As stored</h4>
        <Copy name="copy JSON" text={() => JSON.stringify(event, null, 2)} />
      </div>
      <Json value={event} />
    </>
  )
}
