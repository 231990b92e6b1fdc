import type { StoredEvent } from '@signalbox/model/event.ts'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState } from 'react'
import { useBindings } from '../keys.ts'
import { fetchJson, useEvents } from '../live/live.ts'
import { Toggle } from '../parts/controls.tsx'
import { useSearch } from '../search.ts'
import { clock, visible } from '../text.ts'

/** Events held; older ones leave, and the count says so. */
const most = 5_000
const rowHeight = 26

const tones: readonly (readonly [pattern: RegExp, ink: string])[] = [
  [/failed|lost|rejected/, 'text-bad'],
  [/required|requested/, 'text-wait'],
  [/completed|finished/, 'text-good'],
  [/started|created|assigned/, 'text-busy'],
]
const inkOf = (type: string) => tones.find(([pattern]) => pattern.test(type))?.[1] ?? 'text-soft'

function summary({ data }: StoredEvent): string {
  for (const name of ['message', 'title', 'name', 'note', 'detail', 'error', 'model', 'to', 'status', 'text']) {
    const value = data[name]
    if (typeof value === 'string' && value !== '') return value
  }
  const text = JSON.stringify(data)
  return text === '{}' ? '' : text
}

export function Tail() {
  const [search, setSearch] = useSearch()
  const [shown, setShown] = useState<readonly StoredEvent[]>([])
  const [paused, setPaused] = useState(false)
  const [behind, setBehind] = useState(0)
  const held = useRef<StoredEvent[]>([])
  const gone = useRef(0)
  const pausedNow = useRef(paused)
  pausedNow.current = paused
  const frame = useRef(0)
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)

  const refresh = () => {
    frame.current = 0
    if (!pausedNow.current) setShown([...held.current])
  }
  const add = (events: readonly StoredEvent[]) => {
    held.current.push(...events)
    const over = held.current.length - most
    if (over > 0) {
      held.current.splice(0, over)
      gone.current += over
    }
    if (pausedNow.current) setBehind((count) => count + events.length)
    else if (frame.current === 0) frame.current = requestAnimationFrame(refresh)
  }
  useEvents({}, add)
  // What was there before the page was opened, so that it does not begin empty.
  useEffect(() => {
    let wanted = true
    fetchJson<{ items: StoredEvent[] }>('/v1/events?limit=200')
      .then(({ items }) => {
        if (!wanted) return
        const known = new Set(held.current.map(({ id }) => id))
        held.current = [...items.reverse().filter(({ id }) => !known.has(id)), ...held.current]
        setShown([...held.current])
      })
      .catch(() => undefined)
    return () => {
      wanted = false
    }
  }, [])
  useEffect(() => () => cancelAnimationFrame(frame.current), [])

  const words = search.q.toLowerCase().split(/\s+/).filter(Boolean)
  const matching =
    words.length === 0 && !search.errors
      ? shown
      : shown.filter(
          (event) =>
            (!search.errors || /failed|lost|rejected/.test(event.type)) &&
            words.every((word) =>
              `${event.type} ${event.agent ?? ''} ${event.run ?? ''} ${event.task ?? ''} ${summary(event)}`.toLowerCase().includes(word),
            ),
        )
  const virtual = useVirtualizer({
    count: matching.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the newest line is followed when there is one more, not when the virtualizer is another
  useEffect(() => {
    if (atEnd.current && matching.length > 0) virtual.scrollToIndex(matching.length - 1)
  }, [matching.length])

  const resume = () => {
    setPaused(false)
    setBehind(0)
    setShown([...held.current])
    atEnd.current = true
  }
  const toggle = () => (paused ? resume() : setPaused(true))
  useBindings([
    { keys: 'space', about: 'Pause or resume the view', run: toggle },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
  ])
  return (
    <section aria-label="Live tail" className="flex min-w-0 flex-1 flex-col">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2.5">
        <Toggle on={paused} press={toggle}>
          {paused ? `paused · ${behind} new · resume (space)` : 'pause (space)'}
        </Toggle>
        <input
          type="search"
          aria-label="Filter events"
          placeholder="Filter by type, agent, run, text"
          value={search.q}
          onChange={({ target }) => setSearch({ q: target.value })}
          className="w-72 rounded-md border border-line bg-panel px-2.5 py-1 placeholder:text-faint"
        />
        <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
          errors only
        </Toggle>
        <span className="ml-auto text-xs text-faint">
          {matching.length} shown of {shown.length} held{gone.current > 0 ? `, ${gone.current} older ones left the view` : ''}
        </span>
      </div>
      <div
        ref={box}
        className="flex-1 overflow-auto font-mono text-xs"
        onScroll={({ currentTarget }) => {
          atEnd.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 40
        }}
      >
        {matching.length === 0 && (
          <p className="p-8 text-center font-sans text-[13px] text-soft">
            {shown.length === 0 ? 'No events yet. They appear here the moment they are stored.' : `0 of ${shown.length} match.`}
          </p>
        )}
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const event = matching[index]
            if (event === undefined) return null
            const selected = search.sel === `event:${event.id}`
            return (
              <button
                type="button"
                key={event.id}
                onClick={() => setSearch({ sel: selected ? '' : `event:${event.id}` })}
                className={`absolute left-0 top-0 grid w-full grid-cols-[80px_170px_200px_1fr] items-center gap-3 px-4 text-left hover:bg-raised ${selected ? 'bg-accent/10' : ''}`}
                style={{ height: rowHeight, transform: `translateY(${start}px)` }}
              >
                <span className="text-faint">{clock(Date.parse(event.time))}</span>
                <span className={`truncate ${inkOf(event.type)}`}>{visible(event.type)}</span>
                <span className="truncate text-soft">{visible(event.agent ?? event.source)}</span>
                <span className="truncate">{visible(summary(event).slice(0, 300))}</span>
              </button>
            )
          })}
        </div>
      </div>
    </section>
  )
}
