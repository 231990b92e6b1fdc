import { openFeed } from '@signalbox/client/feed.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { useParams } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useBindings } from '../keys.ts'
import { serverUrl, useNow } from '../live/live.ts'
import { createLiveStore, type LiveStore } from '../live/store.ts'
import { Figure } from '../parts/controls.tsx'
import { inkOf, taskLook } from '../parts/status.tsx'
import { useSearch } from '../search.ts'
import { age, clock, compact, dollars, visible } from '../text.ts'
import { type Lane, layOut, type Swimlanes } from './layout.ts'

const nameWidth = 220
const rowHeight = 18
const lanePad = 12
/** Lanes drawn at most; more are counted, not drawn. */
const mostLanes = 200

/** One run's rows, with its closed calls: a feed of its own while the page is shown. */
function useRunStore(run: string): LiveStore {
  const store = useMemo(() => {
    void run
    return createLiveStore((flush) => requestAnimationFrame(flush))
  }, [run])
  useEffect(() => {
    const feed = openFeed({ url: serverUrl, feed: 'state', filter: { run: [run] }, onFrame: (frame) => store.push(frame) })
    return () => feed.close()
  }, [run, store])
  return store
}

function useAll<T extends Table>(store: LiveStore, table: T): readonly RowOf[T][] {
  return useSyncExternalStore(
    (listener) => store.watchTable(table, listener),
    () => store.all(table),
  )
}

export function Run() {
  const { run: id } = useParams({ from: '/runs/$run' })
  const store = useRunStore(id)
  const [run] = useAll(store, 'runs')
  const agents = useAll(store, 'agents')
  const tasks = useAll(store, 'tasks')
  const calls = useAll(store, 'calls')
  const edges = useAll(store, 'edges')
  const now = useNow()
  // An open bar grows to now while the run goes on; what ended long ago is not stretched to today.
  const until = run === undefined || run.state === 'running' ? Math.min(now, (run?.lastEventAt ?? now) + 60_000) : run.lastEventAt
  const lanes = useMemo(() => {
    const members = new Set(run?.agents ?? [])
    for (const { from, to } of edges) members.add(from).add(to)
    return layOut(
      agents.filter((agent) => members.has(agent.id)),
      tasks,
      calls,
      edges,
      until,
    )
  }, [run, agents, tasks, calls, edges, until])
  if (run === undefined)
    return <p className="flex-1 p-8 text-soft">{store.ready() ? `No run “${visible(id)}” is known here.` : 'loading …'}</p>
  const flagged = tasks.filter(({ contradicted }) => contradicted > 0).length
  return (
    <section aria-label={`Run ${run.name?.value ?? run.id}`} className="flex min-w-0 flex-1 flex-col">
      <header className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b border-line px-4 py-2.5">
        <h2 className="max-w-md truncate text-base font-semibold">{visible(run.name?.value ?? run.id)}</h2>
        <span className={inkOf(run.state === 'failed' ? 'bad' : run.state === 'finished' ? 'good' : 'busy')}>{run.state}</span>
        {run.synthetic && <span className="rounded bg-raised px-1.5 text-xs text-faint">made-up pace</span>}
        <Figure name="took" value={age((run.finishedAt ?? until) - run.startedAt)} />
        <Figure name="agents" value={String(run.agents.length)} />
        <Figure name="tasks" value={String(tasks.length)} />
        {flagged > 0 && <Figure name="contradicted" value={String(flagged)} tone="text-wait" />}
        <Figure name="tokens" value={compact(run.totals.inputTokens + run.totals.outputTokens)} />
        <Figure name="cost" value={dollars(run.totals.costMicros)} />
        {run.totals.errors > 0 && <Figure name="errors" value={String(run.totals.errors)} tone="text-bad" />}
      </header>
      <Timeline lanes={lanes} now={until} />
    </section>
  )
}

interface View {
  readonly from: number
  readonly to: number
}

function Timeline({ lanes: all, now }: { readonly lanes: Swimlanes; readonly now: number }) {
  const [search, setSearch] = useSearch()
  const [view, setView] = useState<View | undefined>()
  const [width, setWidth] = useState(900)
  const box = useRef<HTMLDivElement>(null)
  const { begin, end } = all
  const from = view?.from ?? begin
  const to = view?.to ?? end + (end - begin) * 0.02
  const lanes = all.lanes.slice(0, mostLanes)
  const x = (time: number) => ((time - from) / (to - from)) * width

  const zoom = (factor: number, at = 0.5) => {
    const middle = from + (to - from) * at
    setView({ from: middle - (middle - from) * factor, to: middle + (to - middle) * factor })
  }
  const pan = (share: number) => setView({ from: from + (to - from) * share, to: to + (to - from) * share })
  useBindings([
    { keys: 'w', about: 'Zoom in', run: () => zoom(0.7) },
    { keys: 's', about: 'Zoom out', run: () => zoom(1 / 0.7) },
    { keys: 'a', about: 'Earlier', run: () => pan(-0.2) },
    { keys: 'd', about: 'Later', run: () => pan(0.2) },
    { keys: 'f', about: 'Fit the whole run', run: () => setView(undefined) },
  ])
  // React listens to wheel passively, and a zoom must not scroll the page.
  const zoomAt = useRef(zoom)
  zoomAt.current = zoom
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(Math.max(200, element.clientWidth - nameWidth - 16)))
    observer.observe(element)
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const lanesLeft = element.getBoundingClientRect().left + nameWidth
      const lanesWidth = Math.max(200, element.clientWidth - nameWidth - 16)
      zoomAt.current(event.deltaY > 0 ? 1.15 : 1 / 1.15, Math.min(1, Math.max(0, (event.clientX - lanesLeft) / lanesWidth)))
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => {
      observer.disconnect()
      element.removeEventListener('wheel', wheel)
    }
  }, [])

  const tops: number[] = []
  let height = 28
  for (const lane of lanes) {
    tops.push(height)
    height += lane.rows * rowHeight + lanePad + 8
  }
  return (
    <div ref={box} className="flex-1 overflow-auto">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be drawn in */}
      <svg width={nameWidth + width} height={height + 12} role="group" aria-label="Swimlanes: one lane an agent, time from left to right">
        <Ruler from={from} to={to} x={x} height={height} />
        {lanes.map((lane, i) => (
          <LaneView
            key={lane.agent}
            lane={lane}
            top={tops[i] ?? 0}
            width={width}
            x={x}
            now={now}
            selected={search.sel}
            select={(sel) => setSearch({ sel })}
          />
        ))}
        <g transform={`translate(${nameWidth},0)`}>
          {all.arrows.map((arrow) => {
            const y1 = (tops[arrow.from] ?? 0) + 14
            const y2 = (tops[arrow.to] ?? 0) + 10
            const at = x(arrow.at)
            if (at < 0 || at > width || arrow.from >= mostLanes || arrow.to >= mostLanes) return null
            return (
              <path
                key={`${arrow.from} ${arrow.to} ${arrow.kind}`}
                d={`M${at},${y1} C${at + 18},${y1} ${at + 18},${y2} ${at + 3},${y2} m0,0 l5,-3 m-5,3 l5,3`}
                fill="none"
                stroke="var(--accent)"
                strokeOpacity={0.4}
                strokeDasharray={arrow.kind === 'message' ? '3 3' : undefined}
              />
            )
          })}
        </g>
      </svg>
      {all.lanes.length > mostLanes && <p className="p-4 text-faint">{all.lanes.length - mostLanes} more agents are not drawn.</p>}
    </div>
  )
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800].map(
  (seconds) => seconds * 1_000,
)

function Ruler({
  from,
  to,
  x,
  height,
}: {
  readonly from: number
  readonly to: number
  readonly x: (time: number) => number
  readonly height: number
}) {
  const step = steps.find((ms) => (to - from) / ms <= 9) ?? (to - from) / 5
  const ticks: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at)
  return (
    <g transform={`translate(${nameWidth},0)`}>
      {ticks.map((at) => (
        <g key={at} transform={`translate(${x(at)},0)`}>
          <line y1={22} y2={height} stroke="var(--line)" />
          <text y={15} textAnchor="middle" fontSize={10.5} fill="var(--faint)">
            {step >= 86_400_000 ? new Date(at).toISOString().slice(5, 10) : clock(at)}
          </text>
        </g>
      ))}
    </g>
  )
}

/** As much of the text as stands in so many pixels at the bars' size; nothing rather than a letter or two. */
function fitted(text: string, pixels: number): string {
  const letters = Math.floor(pixels / 6.4)
  if (letters < 4) return ''
  return text.length <= letters ? text : `${text.slice(0, letters - 1).trimEnd()}…`
}

const fills = { good: 'var(--good)', busy: 'var(--busy)', wait: 'var(--wait)', bad: 'var(--bad)', faint: 'var(--faint)' } as const

interface LaneProps {
  readonly lane: Lane
  readonly top: number
  readonly width: number
  readonly x: (time: number) => number
  readonly now: number
  readonly selected: string
  readonly select: (sel: string) => void
}

function LaneView({ lane, top, width, x, now, selected, select }: LaneProps) {
  const press = (sel: string) => ({
    role: 'button',
    tabIndex: 0,
    onClick: () => select(sel),
    onKeyDown: ({ key }: { readonly key: string }) => key === 'Enter' && select(sel),
    className: 'cursor-pointer outline-none focus-visible:stroke-[var(--accent)]',
  })
  const tall = lane.rows * rowHeight + lanePad
  return (
    <g transform={`translate(0,${top})`}>
      <line x1={0} x2={nameWidth + width} y1={-4} y2={-4} stroke="var(--line)" strokeOpacity={0.6} />
      <text
        x={14 + lane.depth * 16}
        y={15}
        fontSize={12.5}
        fill={selected === `agent:${lane.agent}` ? 'var(--accent)' : 'var(--ink)'}
        {...press(`agent:${lane.agent}`)}
        aria-label={`Agent ${lane.name}`}
      >
        {lane.depth > 0 ? '└ ' : ''}
        {visible(lane.name).slice(0, 30 - lane.depth * 2)}
      </text>
      <svg x={nameWidth} width={width} height={tall + 8} overflow="hidden">
        <title>{`Tasks and calls of ${visible(lane.name)}`}</title>
        {lane.bars.map((bar) => {
          const look = taskLook(bar.state)
          const left = x(bar.from)
          const wide = Math.max(3, x(bar.to ?? now) - left)
          const open = bar.to === undefined
          if (left > width || left + wide < 0) return null
          const label = fitted(
            `${bar.contradicted ? '⚠ ' : ''}${visible(bar.title)}`,
            Math.min(left + wide, width) - Math.max(left, 0) - 12,
          )
          return (
            <g key={`${bar.task} ${bar.from} ${bar.state}`} {...press(`task:${bar.task}`)} aria-label={`${bar.title}, ${look.words}`}>
              <rect
                x={left}
                y={bar.row * rowHeight + 2}
                width={wide}
                height={rowHeight - 4}
                rx={3}
                fill={fills[look.tone]}
                fillOpacity={bar.crowded ? 0.05 : bar.state === 'submitted' ? 0.18 : 0.38}
                stroke={selected === `task:${bar.task}` ? 'var(--accent)' : fills[look.tone]}
                strokeOpacity={bar.crowded ? 0.25 : 0.8}
                strokeDasharray={open ? '4 3' : undefined}
              />
              {!bar.crowded && label !== '' && (
                <text x={Math.max(left, 0) + 6} y={bar.row * rowHeight + 13} fontSize={10.5} fill="var(--ink)">
                  {label}
                </text>
              )}
              <title>{`${visible(bar.title)} · ${look.words}${bar.contradicted ? ' · contradicted later' : ''}`}</title>
            </g>
          )
        })}
        {lane.marks.map((mark) => {
          const left = x(mark.from)
          const wide = Math.max(1.5, x(mark.to ?? now) - left)
          if (left > width || left + wide < 0) return null
          return (
            <rect
              key={mark.key}
              x={left}
              y={lane.rows * rowHeight + 3}
              width={wide}
              height={mark.kind === 'llm' ? 4 : 7}
              rx={1}
              fill={mark.failed ? 'var(--bad)' : mark.kind === 'llm' ? 'var(--wait)' : 'var(--busy)'}
              fillOpacity={mark.to === undefined ? 0.5 : 0.9}
            >
              <title>{`${visible(mark.name)} ${mark.to === undefined ? 'running' : mark.failed ? 'failed' : 'finished'} · ${age((mark.to ?? now) - mark.from)}`}</title>
            </rect>
          )
        })}
      </svg>
    </g>
  )
}
