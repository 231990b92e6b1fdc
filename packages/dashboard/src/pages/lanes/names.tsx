import { type KeyboardEvent, memo, useCallback, useMemo } from 'react'
import { useBindings } from '../../keys.ts'
import { useSearch } from '../../search.ts'
import { parseNames, toggled, writeNames } from './arrange.ts'
import { endedBadly, type Lane, type Swimlanes } from './layout.ts'
import { headHeight, type LanePlace, nameWidth, type Places } from './place.ts'
import { stepTo, stopsOf } from './steps.ts'

const tasksOf = (bars: Lane['bars']): number => new Set(bars.map(({ task }) => task)).size
const failedCalls = ({ models, tools }: Lane): number =>
  models.reduce((sum, { failed }) => sum + Number(failed), 0) + tools.reduce((sum, { failed }) => sum + Number(failed), 0)

/** What a lane holds, in a sentence: who cannot see the bars hears it with the name. */
function sentenceOf(lane: Lane): string {
  const { bars, models, tools, waits, under } = lane
  const tasks = tasksOf(bars)
  const open = bars.filter(({ to, state }) => to === undefined && state !== 'submitted')
  const calls = models.length + tools.length
  const failed = failedCalls(lane)
  const waiting = waits.at(-1)?.to === undefined && waits.length > 0 && open.some(({ worked }) => worked)
  return [
    `${tasks} ${tasks === 1 ? 'task' : 'tasks'}${open.length > 0 ? `, ${tasksOf(open)} open` : ''}`,
    ...(waiting ? ['waits for its workers'] : []),
    ...(calls > 0 ? [`${calls} ${calls === 1 ? 'call' : 'calls'}${failed > 0 ? `, ${failed} failed` : ''}`] : []),
    ...(under === undefined ? [] : [`stands for ${under.lanes.length} more`]),
  ].join(', ')
}

interface NameProps {
  readonly lane: Lane
  readonly place: LanePlace
  readonly stuck: number
  readonly selected: boolean
  readonly folded: boolean
  readonly select: (sel: string) => void
  readonly pin: (agent: string) => void
  readonly fold: (agent: string) => void
}

const Name = memo(function Name({ lane, place, stuck, selected, folded, select, pin, fold }: NameProps) {
  const sticks = lane.pinned && place.top + place.height <= stuck
  // Pinned ones stand first, so that where they are in the flow is where they belong.
  const where = sticks
    ? { position: 'sticky' as const, top: headHeight + place.top, zIndex: 5 }
    : { position: 'absolute' as const, top: place.top, scrollMarginTop: headHeight + stuck }
  return (
    <li
      className={`group left-0 border-r border-b border-line ${lane.pinned ? 'bg-page' : ''}`}
      style={{ ...where, height: place.height, width: nameWidth }}
    >
      <div className="flex h-7 items-center gap-1 pr-1" style={{ paddingLeft: 6 + Math.min(6, lane.depth) * 14 }}>
        {lane.workers > 0 ? (
          <button
            type="button"
            aria-expanded={!folded}
            aria-label={`Workers of ${lane.label}`}
            aria-keyshortcuts="e"
            title={`${folded ? 'Expand' : 'Collapse'} ${lane.workers} ${lane.workers === 1 ? 'worker' : 'workers'} (e)`}
            onClick={() => fold(lane.agent)}
            className="w-4 shrink-0 text-center text-faint hover:text-ink"
          >
            {folded ? '▸' : '▾'}
          </button>
        ) : (
          <span aria-hidden="true" className="w-4 shrink-0 text-center text-faint">
            {lane.depth > 0 ? '└' : ''}
          </span>
        )}
        <button
          type="button"
          data-lane={lane.agent}
          aria-pressed={selected}
          onClick={() => select(selected ? '' : `agent:${lane.agent}`)}
          className={`flex h-full min-w-0 flex-1 items-center text-left hover:text-accent ${selected ? 'font-medium text-accent' : ''} ${lane.goneAt === undefined ? '' : 'text-soft'}`}
          title={lane.label}
        >
          <span className="truncate">{lane.label}</span>
          <span className="sr-only">, {sentenceOf(lane)}</span>
        </button>
        <button
          type="button"
          aria-pressed={lane.pinned}
          aria-label={`Pin ${lane.label}`}
          aria-keyshortcuts="u"
          title={lane.pinned ? 'Unpin (u)' : 'Pin to the top (u)'}
          onClick={() => pin(lane.agent)}
          className={`shrink-0 rounded px-1 hover:text-ink focus-visible:opacity-100 group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100 ${lane.pinned ? 'text-accent' : 'text-faint opacity-0'}`}
        >
          {lane.pinned ? '★' : '☆'}
        </button>
      </div>
      {lane.under !== undefined && (
        <p className="truncate pr-2 text-[11px] leading-3.5 text-faint" style={{ paddingLeft: 26 + Math.min(6, lane.depth) * 14 }}>
          {hiddenText(lane.under.lanes)}
        </p>
      )}
    </li>
  )
}, isSameName)

/** Places are made anew with each layout: what is read of one decides. */
function isSameName({ place, ...a }: NameProps, { place: other, ...b }: NameProps): boolean {
  const names = Object.keys(a) as (keyof typeof a)[]
  return place.top === other.top && place.height === other.height && names.every((name) => a[name] === b[name])
}

function hiddenText(lanes: readonly Lane[]): string {
  const tasks = lanes.reduce((sum, { bars }) => sum + tasksOf(bars), 0)
  const failed = lanes.reduce((sum, lane) => sum + tasksOf(lane.bars.filter(endedBadly)) + failedCalls(lane), 0)
  return `+${lanes.length} · ${tasks} ${tasks === 1 ? 'task' : 'tasks'}${failed > 0 ? ` · ✕ ${failed} failed` : ''}`
}

/** The lanes as a list. Up and down step from lane to lane, left and right along what is in it. */
export function LaneNames({
  swimlanes,
  places,
  show,
}: {
  readonly swimlanes: Swimlanes
  readonly places: Places
  readonly show: (time: number) => void
}) {
  const [{ sel, pin, fold }, setSearch] = useSearch()
  const { pins, folds } = useMemo(() => ({ pins: parseNames(pin), folds: parseNames(fold) }), [pin, fold])
  const select = useCallback((next: string) => setSearch({ sel: next }), [setSearch])
  const togglePin = useCallback((agent: string) => setSearch({ pin: writeNames(toggled(pins, agent)) }), [pins, setSearch])
  const toggleFold = useCallback((agent: string) => setSearch({ fold: writeNames(toggled(folds, agent)) }), [folds, setSearch])
  useBindings([
    {
      keys: 'u',
      about: 'Pin the lane to the top, or unpin it',
      run() {
        const lane = meant(swimlanes, sel)
        if (lane === undefined) return
        togglePin(lane.agent)
        // It stands elsewhere now, and keeps the focus.
        const held = document.activeElement
        requestAnimationFrame(() => held instanceof HTMLElement && held.focus({ preventScroll: true }))
      },
    },
    {
      keys: 'e',
      about: 'Collapse or expand the lane’s workers; without a lane, those of all',
      run() {
        const lane = meant(swimlanes, sel)
        if (lane !== undefined && lane.workers > 0) return toggleFold(lane.agent)
        if (lane !== undefined) return
        const leads = swimlanes.lanes.filter(({ workers }) => workers > 0)
        setSearch({ fold: folds.size > 0 ? '' : writeNames(leads.map(({ agent }) => agent)) })
      },
    },
  ])
  const step = (event: KeyboardEvent<HTMLUListElement>) => {
    const name = event.target instanceof HTMLElement ? event.target.dataset.lane : undefined
    const lane = swimlanes.lanes.find(({ agent }) => agent === name)
    if (lane === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const item = event.target instanceof HTMLElement ? event.target.closest('li') : null
    const beside = event.key === 'ArrowDown' ? item?.nextElementSibling : event.key === 'ArrowUp' ? item?.previousElementSibling : undefined
    const along = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : undefined
    if (beside === undefined && along === undefined) return
    event.preventDefault()
    if (along === undefined) return beside?.querySelector<HTMLElement>('[data-lane]')?.focus()
    const stop = stepTo(stopsOf(lane), sel, along)
    if (stop === undefined) return
    setSearch({ sel: stop.sel })
    show(stop.at)
  }
  return (
    <ul aria-label="Lanes, one an agent" onKeyDown={step} className="h-full">
      {swimlanes.lanes.map((lane, i) => {
        const place = places.lanes[i]
        return (
          place && (
            <Name
              key={lane.agent}
              lane={lane}
              place={place}
              stuck={places.stuck}
              selected={sel === `agent:${lane.agent}`}
              folded={lane.workers > 0 && folds.has(lane.agent)}
              select={select}
              pin={togglePin}
              fold={toggleFold}
            />
          )
        )
      })}
    </ul>
  )
}

/** The lane that a key is about: the focused one, or the one that holds what is selected. */
function meant({ lanes }: Swimlanes, sel: string): Lane | undefined {
  const focused = document.activeElement?.closest('li')?.querySelector<HTMLElement>('[data-lane]')?.dataset.lane
  const agent = focused ?? (sel.startsWith('agent:') ? sel.slice('agent:'.length) : undefined)
  if (agent !== undefined) return lanes.find((lane) => lane.agent === agent)
  return sel === '' ? undefined : lanes.find((lane) => stopsOf(lane).some((stop) => stop.sel === sel))
}

export function revealLane(agent: string): void {
  const name = document.querySelector(`[data-lane="${CSS.escape(agent)}"]`)
  name?.closest('li')?.scrollIntoView({ block: 'nearest' })
}
