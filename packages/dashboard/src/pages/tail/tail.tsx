import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { useAway } from '../../live/connection.ts'
import { Toggle } from '../../parts/controls.tsx'
import { NoMatches } from '../../parts/empty.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { useBuffered, usePause } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { clock, dateTime, visible } from '../../text.ts'
import { inkOf } from './brief.ts'
import { type Line, matchingLines, mostEvents } from './buffer.ts'
import { useTail } from './feed.ts'
import { Filters } from './filters.tsx'

const rowHeight = 26
/** At the end is who has less than this below: a small step up already holds the view. CSS pixels, places may be fractions. */
const endWithin = 2

interface Held {
  readonly lines: readonly Line[]
  readonly came: number
  /** Of which filter. */
  readonly of: object
}

/** What is shown stays as it is while paused, or while the newest line is out of sight; events come in all the same. */
export function Tail() {
  const [search, setSearch] = useSearch()
  const { paused, toggle } = usePause()
  const { buffer, version, loaded, problem } = useTail(search)
  const away = useAway()
  const box = useRef<HTMLDivElement>(null)
  const filter = useRef<HTMLInputElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const held = useRef<Held>(undefined)
  const holds = (paused || !atEnd) && loaded
  // A hold begins with what is shown when it begins; another filter begins another one.
  if (!holds) held.current = undefined
  else if (held.current?.of !== buffer) held.current = { lines: buffer.lines(), came: buffer.came(), of: buffer }
  const lines = held.current?.lines ?? buffer.lines()
  const waiting = held.current === undefined ? 0 : buffer.came() - held.current.came
  const lost = Math.max(0, waiting - mostEvents)
  useEffect(() => useBuffered.setState({ buffered: paused ? waiting : 0 }), [paused, waiting])
  useEffect(() => () => useBuffered.setState({ buffered: 0 }), [])

  const matching = useMemo(() => matchingLines(lines, search.q, search.errors), [lines, search.q, search.errors])
  // What the pill promises is what a press shows.
  const newest = lines.at(-1)?.n ?? Number.NEGATIVE_INFINITY
  const fresh = holds && !paused ? matchingLines(buffer.lines(), search.q, search.errors).filter(({ n }) => n > newest).length : 0
  const virtual = useVirtualizer({
    count: matching.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  // Before the browser paints: a scroll event in between would say that the end is out of sight.
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    if (atEnd) element.scrollTop = element.scrollHeight
    else if (element.scrollHeight - element.scrollTop - element.clientHeight < endWithin) setAtEnd(true)
    void matching
  }, [matching, atEnd])

  const at = matching.findIndex((line) => line.kind === 'event' && search.sel === `event:${line.event.id}`)
  const step = (by: 1 | -1) => {
    let i = at < 0 ? (by === 1 ? 0 : matching.length - 1) : at + by
    while (matching[i]?.kind === 'gap') i += by
    const line = matching[i]
    if (line?.kind !== 'event') return
    setSearch({ sel: `event:${line.event.id}` })
    virtual.scrollToIndex(i)
  }
  const toEnd = () => {
    if (paused) toggle()
    setAtEnd(true)
  }
  useBindings([
    { keys: 'j', about: 'Next event', run: () => step(1) },
    { keys: 'k', about: 'Previous event', run: () => step(-1) },
    { keys: 'l', about: 'Back to the newest event', run: toEnd },
    { keys: '/', about: 'Filter by text', run: () => filter.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
  ])
  const clear = () => setSearch({ q: '', errors: false, type: '', agent: '', run: '', task: '' })
  const asked = [search.type, search.agent, search.run, search.task].filter((value) => value !== '').length
  const filters = asked + [search.q !== '', search.errors].filter(Boolean).length
  const left = buffer.left()
  void version
  return (
    <section aria-label="Live tail" className="flex min-w-0 flex-1 flex-col">
      <div className="flex items-center gap-2 border-b border-line px-4 py-2.5">
        <Toggle on={paused} press={toggle}>
          {paused ? 'resume (space)' : 'pause (space)'}
        </Toggle>
        <FilterBox box={filter} name="Filter by text" hint="Text" look="w-24 min-w-0 max-w-56 flex-1 bg-panel py-1" />
        <Filters />
        <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
          errors only
        </Toggle>
        <output className="ml-auto pl-2 text-right text-xs text-faint">
          {paused && <span className="text-wait">paused · {waiting.toLocaleString('en')} buffered</span>}
          {paused && lost > 0 && <span className="text-bad"> · {lost.toLocaleString('en')} of them dropped</span>}
          {paused && ' · '}
          {matching.length === lines.length ? '' : `${matching.length.toLocaleString('en')} of `}
          {lines.length.toLocaleString('en')} held
          {left > 0 && !paused && `, ${left.toLocaleString('en')} older dropped`}
        </output>
      </div>
      {problem !== undefined && (
        <p role="alert" className="border-b border-line px-4 py-1.5 text-bad">
          {visible(problem)}
        </p>
      )}
      <div className="relative min-h-0 flex-1">
        <div
          ref={box}
          data-testid="events"
          className="h-full overflow-auto font-mono text-xs"
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
            setAtEnd(scrollHeight - scrollTop - clientHeight < endWithin)
          }
        >
          {loaded && lines.length === 0 && asked === 0 && <NoEvents />}
          {loaded && matching.length === 0 && (asked > 0 || lines.length > 0) && (
            <div className="font-sans text-[13px]">
              <NoMatches all={lines.length} filters={filters} clear={clear} />
            </div>
          )}
          {!loaded && problem === undefined && (
            <p className="p-8 text-center font-sans text-[13px] text-soft">
              {away ? 'The server does not answer. Events appear as soon as it is back.' : 'Reading the newest events …'}
            </p>
          )}
          <div className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const line = matching[index]
              return (
                line && (
                  <div key={line.n} className="absolute inset-x-0 top-0" style={{ height: rowHeight, transform: `translateY(${start}px)` }}>
                    {line.kind === 'gap' ? (
                      <p className="border-y border-wait/40 bg-wait/10 px-4 leading-6 text-wait">⋯ {line.why}</p>
                    ) : (
                      <Row
                        line={line}
                        selected={index === at}
                        select={() => setSearch({ sel: index === at ? '' : `event:${line.event.id}` })}
                      />
                    )}
                  </div>
                )
              )
            })}
          </div>
        </div>
        {fresh > 0 && (
          <button
            type="button"
            onClick={toEnd}
            className="absolute bottom-4 left-1/2 -translate-x-1/2 rounded-full border border-accent bg-raised px-4 py-1.5 text-accent shadow-lg"
          >
            +{fresh.toLocaleString('en')} new ↓
          </button>
        )}
      </div>
    </section>
  )
}

function Row({
  line,
  selected,
  select,
}: {
  readonly line: Line & { readonly kind: 'event' }
  readonly selected: boolean
  readonly select: () => void
}) {
  const { event, brief } = line
  return (
    <button
      type="button"
      aria-pressed={selected}
      onClick={select}
      className={`grid h-full w-full grid-cols-[112px_150px_180px_130px_minmax(0,1fr)] items-center gap-3 px-4 text-left hover:bg-raised ${selected ? 'bg-accent/10 shadow-[inset_2px_0_0_var(--accent)]' : ''}`}
    >
      <span className="text-faint" title={event.time}>
        {stamp(Date.parse(event.time))}
      </span>
      <span className={`truncate ${inkOf(event.type)}`}>{visible(event.type)}</span>
      <Name text={event.agent ?? event.source} letters={24} ink="text-soft" />
      <Name text={event.run ?? ''} letters={17} ink="text-faint" />
      <span className="truncate" title={brief}>
        {brief}
      </span>
    </button>
  )
}

/** Names of a fleet begin alike: the end of a long one is shown. */
function Name({ text, letters, ink }: { readonly text: string; readonly letters: number; readonly ink: string }) {
  return (
    <span className={`truncate ${ink}`} title={visible(text)}>
      {visible(text.length > letters ? `…${text.slice(1 - letters)}` : text)}
    </span>
  )
}

/** With its day when that is not today. */
function stamp(ms: number): string {
  const day = new Date(ms).toDateString() === new Date().toDateString() ? '' : `${dateTime(ms).slice(5, 10)} `
  return `${day}${clock(ms)}`
}

function NoEvents() {
  return (
    <p className="p-8 text-center font-sans text-[13px] text-soft">
      No events yet. They appear here the moment they are stored; the fleet page shows how to send one.
    </p>
  )
}
