/** Input, output and events of what is selected, read when they are asked for. Once asked for, they come with the next selection too. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { create } from 'zustand'
import { useShown } from '../../live/live.ts'
import { clock, visible, whole } from '../../text.ts'
import { type Body, bodiesOf, type Found } from './bodies.ts'
import { BodyView } from './body.tsx'
import { Select } from './fields.tsx'

const useWanted = create<{ readonly wanted: boolean }>(() => ({ wanted: false }))
const mostListed = 200

interface ToldProps {
  /** Names what is read; with another one it is read again. */
  readonly of: readonly string[]
  readonly read: () => Promise<Found>
  /** The bodies are of one call; a task's events tell each their own. */
  readonly bodies: boolean
}

export function Told({ of, read, bodies }: ToldProps) {
  const { wanted } = useWanted()
  const name = bodies ? 'Input and output' : 'Events'
  return (
    <section aria-label={name} className="mt-5">
      <button
        type="button"
        aria-expanded={wanted}
        onClick={() => useWanted.setState({ wanted: !wanted })}
        className="mb-2 flex w-full items-center gap-1.5 text-xs font-medium uppercase tracking-wide text-faint hover:text-ink"
      >
        <span aria-hidden="true">{wanted ? '▾' : '▸'}</span>
        {name}
      </button>
      {wanted && <Read of={of} read={read} bodies={bodies} />}
    </section>
  )
}

function Read({ of, read, bodies }: ToldProps) {
  const { at } = useShown()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['told', ...of],
    queryFn: read,
    staleTime: Number.POSITIVE_INFINITY,
    retry: 1,
  })
  const events = useMemo(() => (data?.events ?? []).filter(({ time }) => at === undefined || Date.parse(time) <= at), [data, at])
  if (isPending) return <p className="text-faint">loading …</p>
  if (error !== null)
    return (
      <p className="break-words text-soft">
        This could not be read: {visible(error.message)}.{' '}
        <button type="button" className="text-accent hover:underline" onClick={() => void refetch()}>
          Try again
        </button>
      </p>
    )
  if (events.length === 0)
    return (
      <p className="text-soft">No event of it is kept{data?.more === true ? ' near its end' : ''}. It may have left with the retention.</p>
    )
  return (
    <>
      {bodies && <CallBodies events={events} />}
      <EventList events={events} more={data?.more === true} />
    </>
  )
}

function CallBodies({ events }: { readonly events: readonly StoredEvent[] }) {
  const { input, output, error, more } = useMemo(() => bodiesOf(events), [events])
  const part = (name: string, list: readonly Body[], ink = '') =>
    list.length > 0 && (
      <div key={name}>
        <h4 className="mb-1 mt-3 text-xs text-faint">{name}</h4>
        {list.map((body) => (
          <BodyView key={body.name} body={body} ink={ink} />
        ))}
      </div>
    )
  return (
    <>
      {part('Error', error, 'text-bad')}
      {part('Input', input)}
      {part('Output', output)}
      {part('More', more)}
      {input.length + output.length + error.length + more.length === 0 && (
        <p className="mb-2 text-soft">Its events tell figures only, no input and no output.</p>
      )}
    </>
  )
}

function EventList({ events, more }: { readonly events: readonly StoredEvent[]; readonly more: boolean }) {
  const shown = events.slice(0, mostListed)
  return (
    <>
      <h4 className="mb-1 mt-3 text-xs text-faint">Events</h4>
      <ol aria-label="Its events">
        {shown.map(({ id, time, type }) => (
          <li key={id} className="flex justify-between gap-3 border-b border-line/60 py-1 last:border-0">
            <Select sel={`event:${id}`}>{visible(type)}</Select>
            <span className="whitespace-nowrap tabular-nums text-faint">{clock(Date.parse(time))}</span>
          </li>
        ))}
      </ol>
      {(more || events.length > shown.length) && (
        <p className="mt-1 text-xs text-faint">
          {more ? 'More than' : `${whole(shown.length)} of`} {whole(events.length)} events; the tail has all of them.
        </p>
      )}
    </>
  )
}
