/** The list: what is shown stays as it is while it is paused, or while its end is out of sight; events come in all the same. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { useAway } from '../../live/connection.ts'
import { NoMatches } from '../../parts/empty.tsx'
import { useBuffered } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { whole } from '../../text.ts'
import type { Asked } from './asked.ts'
import { levelOf } from './brief.ts'
import type { Intake } from './intake.ts'
import { marksOf } from './marks.tsx'
import { hasMode } from './mode.ts'
import { type EventLine, Row, rowHeight } from './row.tsx'
import { sinceMs } from './since.ts'
import { type Slots, slotsOf } from './slots.ts'

/** At the end is who has less than this below: a small step up already holds the view. CSS pixels, places may be fractions. */
const endWithin = 2
/** Above the lines it is said how far back they go, CSS pixels. */
const headHeight = 26
/** Older lines are read before the top is reached. */
const topWithin = 600

interface Props {
  readonly intake: Intake
  readonly asked: Asked
  readonly paused: boolean
  readonly resume: () => void
  /** From when on it is shown, epoch ms. */
  readonly now: () => number
}

export function Lines({ intake, asked, paused, resume, now }: Props) {
  const [search, setSearch] = useSearch()
  const [, renew] = useState(0)
  useEffect(() => intake.watch(() => renew((n) => n + 1)), [intake])
  const away = useAway()
  const box = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  /** On the way back to a moment: `from` is set when its events are there. */
  const [rewinding, setRewinding] = useState<{ readonly from?: number }>()
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const marks = useMemo(() => marksOf(search.mark), [search.mark])
  const { view } = intake
  const loaded = intake.isLoaded()

  const { test } = asked
  const { errors } = search
  useMemo(() => {
    view.ask(errors ? ({ event, level }) => level === 'error' && test(event) : ({ event }) => test(event))
    intake.want(errors ? (event) => levelOf(event) === 'error' && test(event) : test)
  }, [intake, view, test, errors])
  if ((paused || !atEnd || rewinding !== undefined) && loaded) view.hold()
  else view.follow()
  const lines = view.lines()
  const looked = view.all().length
  const waiting = view.waiting()
  const fresh = paused ? 0 : view.fresh()
  useEffect(() => useBuffered.setState({ buffered: paused ? waiting : 0 }), [paused, waiting])
  useEffect(() => () => useBuffered.setState({ buffered: 0 }), [])

  const wraps = hasMode(search.mode, 'wrap')
  const isAgo = hasMode(search.mode, 'ago')
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => lines[index]?.n ?? index,
    // What comes before the first line does not move what is looked at.
    anchorTo: 'end',
    scrollMargin: headHeight,
    overscan: atEnd ? 4 : 12,
  })
  useEffect(() => {
    void wraps
    virtual.measure()
  }, [virtual, wraps])
  // Before the browser paints: a scroll event in between would say that the end is out of sight.
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    if (rewinding !== undefined) {
      const { from } = rewinding
      if (from === undefined) return
      const index = lines.findIndex((line) => line.kind === 'event' && Date.parse(line.event.time) >= from)
      if (index >= 0) virtual.scrollToIndex(index, { align: 'start' })
      setAtEnd(index < 0)
      setRewinding(undefined)
    } else if (atEnd) element.scrollTop = element.scrollHeight
    else if (element.scrollHeight - element.scrollTop - element.clientHeight < endWithin) setAtEnd(true)
  }, [lines, atEnd, rewinding, virtual])

  // What fits without scrolling is filled from before, once for each question.
  const filled = useRef<unknown>(undefined)
  useEffect(() => {
    const height = box.current?.clientHeight ?? 0
    if (!loaded || intake.isAtStart() || lines.length * rowHeight > height || filled.current === test) return
    filled.current = test
    void intake.older()
  }, [intake, loaded, lines, test])

  const since = sinceMs(search.since)
  const rewound = useRef<number>(undefined)
  useEffect(() => {
    if (!loaded || rewound.current === since) return
    rewound.current = since
    if (since === undefined) return
    const from = now() - since
    setRewinding({})
    void intake.older(from).then(() => setRewinding({ from }))
  }, [intake, loaded, since, now])

  const selected = search.sel.startsWith('event:') ? search.sel.slice('event:'.length) : ''
  const at = selected === '' ? -1 : lines.findIndex((line) => line.kind === 'event' && line.event.id === selected)
  const step = (by: 1 | -1) => {
    let i = at < 0 ? (by === 1 ? 0 : lines.length - 1) : at + by
    while (lines[i]?.kind === 'gap') i += by
    const line = lines[i]
    if (line?.kind !== 'event') return
    setSearch({ sel: `event:${line.event.id}` })
    virtual.scrollToIndex(i)
  }
  const select = useCallback(
    (line: EventLine) => setSearch({ sel: search.sel === `event:${line.event.id}` ? '' : `event:${line.event.id}` }),
    [setSearch, search.sel],
  )
  const toggle = useCallback(
    (line: EventLine) =>
      setOpen((held) => {
        const next = new Set(held)
        if (!next.delete(line.event.id)) return next.add(line.event.id)
        const index = view.lines().findIndex(({ n }) => n === line.n)
        if (index >= 0) virtual.resizeItem(index, rowHeight)
        return next
      }),
    [view, virtual],
  )
  const toEnd = () => {
    if (paused) resume()
    setSearch({ since: '' })
    setAtEnd(true)
  }
  useBindings([
    { keys: 'j', about: 'Next event', run: () => step(1) },
    { keys: 'k', about: 'Previous event', run: () => step(-1) },
    { keys: 'l', about: 'Back to the newest event', run: toEnd },
    {
      keys: 'e',
      about: 'Expand or collapse the selected event',
      run: () => {
        const line = lines[at]
        if (line?.kind === 'event') toggle(line)
      },
    },
  ])
  const items = virtual.getVirtualItems()
  const slots = useRef<Slots>(new Map())
  slots.current = slotsOf(
    slots.current,
    items.map(({ index }) => lines[index]?.n ?? index),
  )
  const filters = asked.terms + (search.errors ? 1 : 0)
  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={box}
        aria-label="Events"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is longer than its box is scrolled by keys too
        tabIndex={0}
        data-testid="events"
        className="h-full overflow-auto font-mono text-xs"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          const isEnd = scrollHeight - scrollTop - clientHeight < endWithin
          setAtEnd(isEnd)
          if (!isEnd && scrollTop < topWithin && loaded && !intake.isAtStart()) {
            view.hold()
            void intake.older()
          }
        }}
      >
        {loaded && lines.length === 0 && looked === 0 && filters === 0 && <NoEvents past={search.at !== undefined} />}
        {loaded && lines.length === 0 && (filters > 0 || looked > 0) && !intake.isReading() && (
          <div className="font-sans text-[13px]">
            <NoMatches all={looked} filters={filters} clear={asked.clear} />
          </div>
        )}
        {!loaded && intake.problem() === undefined && (
          <p className="p-8 text-center font-sans text-[13px] text-soft">
            {away ? 'The server does not answer. Events appear as soon as it is back.' : 'Reading the newest events …'}
          </p>
        )}
        {loaded && (lines.length > 0 || !intake.isAtStart()) && (
          <p className="text-center font-sans text-xs leading-6 text-faint" style={{ height: headHeight }}>
            {intake.isReading() ? (
              `Reading earlier events … ${whole(looked)} looked at`
            ) : intake.isAtStart() ? (
              view.isFull() ? (
                `The page holds no more than ${whole(looked)} events: narrow the filter to look further back.`
              ) : (
                'The first event that is kept.'
              )
            ) : (
              <button type="button" className="text-accent hover:underline" onClick={() => void intake.older()}>
                Look further back
              </button>
            )}
          </p>
        )}
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const line = lines[index]
            if (line === undefined) return null
            const isOpen = line.kind === 'event' && open.has(line.event.id)
            return (
              <div
                key={slots.current.get(line.n)}
                data-index={index}
                // Anew each time: the element may show another line than before.
                ref={wraps || isOpen ? (node) => virtual.measureElement(node) : undefined}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start - headHeight}px)` }}
              >
                {line.kind === 'gap' ? (
                  <p className="border-y border-wait/40 bg-wait/10 px-4 leading-6 text-wait">⋯ {line.why}</p>
                ) : (
                  <Row
                    line={line}
                    isSelected={index === at}
                    isOpen={isOpen}
                    wraps={wraps}
                    isAgo={isAgo}
                    marks={marks}
                    select={select}
                    toggle={toggle}
                    add={asked.add}
                  />
                )}
              </div>
            )
          })}
        </div>
      </section>
      {fresh > 0 && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-4 left-1/2 -translate-x-1/2 rounded-full border border-accent bg-raised px-4 py-1.5 text-accent shadow-lg"
        >
          +{whole(fresh)} new ↓
        </button>
      )}
    </div>
  )
}

function NoEvents({ past }: { readonly past: boolean }) {
  return (
    <p className="p-8 text-center font-sans text-[13px] text-soft">
      {past
        ? 'No event that is kept had been stored by then.'
        : 'No events yet. They appear here the moment they are stored; the fleet page shows how to send one.'}
    </p>
  )
}
