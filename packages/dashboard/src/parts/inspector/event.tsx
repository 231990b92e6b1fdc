import type { StoredEvent } from '@signalbox/model/event.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { useEffect, useState } from 'react'
import { fetchJson } from '../../live/live.ts'
import { dateTime, visible } from '../../text.ts'
import { Copy } from '../copy.tsx'
import { Json } from '../json.tsx'
import { AgentLink, Field, RunLink, Select } from './fields.tsx'

export function EventDetail({ id }: { readonly id: string }) {
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
  if ('problem' in event)
    return (
      <p className="break-words text-soft">This event cannot be shown: {visible(event.problem)}. It may have left with the retention.</p>
    )
  return (
    <>
      <h3 className="mb-3 break-words text-base font-semibold">{visible(event.type)}</h3>
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
