import { type KeyboardEvent, memo } from 'react'
import { useSearch } from '../../search.ts'
import type { Lane, Swimlanes } from './layout.ts'
import { type LanePlace, nameWidth, type Places } from './place.ts'
import { stepTo, stopsOf } from './steps.ts'

/** What a lane holds, in a sentence: who cannot see the bars hears it with the name. */
function sentenceOf({ bars, models, tools }: Lane): string {
  const tasks = new Set(bars.map(({ task }) => task)).size
  const open = new Set(bars.filter(({ to, state }) => to === undefined && state !== 'submitted').map(({ task }) => task)).size
  const calls = models.length + tools.length
  const failed = [...models, ...tools].filter((mark) => mark.failed).length
  return [
    `${tasks} ${tasks === 1 ? 'task' : 'tasks'}${open > 0 ? `, ${open} open` : ''}`,
    ...(calls > 0 ? [`${calls} ${calls === 1 ? 'call' : 'calls'}${failed > 0 ? `, ${failed} failed` : ''}`] : []),
  ].join(', ')
}

interface NameProps {
  readonly lane: Lane
  readonly place: LanePlace
  readonly selected: boolean
  readonly select: (sel: string) => void
}

const Name = memo(function Name({ lane, place, selected, select }: NameProps) {
  return (
    <li
      className="absolute left-0 scroll-mt-8 border-r border-b border-line"
      style={{ top: place.top, height: place.height, width: nameWidth }}
    >
      <button
        type="button"
        data-lane={lane.agent}
        aria-pressed={selected}
        onClick={() => select(selected ? '' : `agent:${lane.agent}`)}
        className={`flex h-7 w-full items-center gap-1.5 truncate pr-3 text-left hover:text-accent ${selected ? 'font-medium text-accent' : ''} ${lane.goneAt === undefined ? '' : 'text-soft'}`}
        style={{ paddingLeft: 14 + Math.min(6, lane.depth) * 14 }}
        title={lane.label}
      >
        {lane.depth > 0 && (
          <span aria-hidden="true" className="text-faint">
            └
          </span>
        )}
        <span className="truncate">{lane.label}</span>
        <span className="sr-only">, {sentenceOf(lane)}</span>
      </button>
    </li>
  )
})

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
  const [{ sel }, setSearch] = useSearch()
  const step = (event: KeyboardEvent<HTMLUListElement>) => {
    const name = event.target instanceof HTMLElement ? event.target.dataset.lane : undefined
    const lane = swimlanes.lanes.find(({ agent }) => agent === name)
    if (lane === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const item = event.target instanceof HTMLElement ? event.target.closest('li') : null
    const beside = event.key === 'ArrowDown' ? item?.nextElementSibling : event.key === 'ArrowUp' ? item?.previousElementSibling : undefined
    const along = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : undefined
    if (beside === undefined && along === undefined) return
    event.preventDefault()
    if (along === undefined) return beside?.querySelector('button')?.focus()
    const stop = stepTo(stopsOf(lane), sel, along)
    if (stop === undefined) return
    setSearch({ sel: stop.sel })
    show(stop.at)
  }
  return (
    <ul aria-label="Lanes, one an agent" onKeyDown={step}>
      {swimlanes.lanes.map((lane, i) => {
        const place = places.lanes[i]
        return (
          place && (
            <Name
              key={lane.agent}
              lane={lane}
              place={place}
              selected={sel === `agent:${lane.agent}`}
              select={(next) => setSearch({ sel: next })}
            />
          )
        )
      })}
    </ul>
  )
}

export function revealLane(agent: string): void {
  const name = document.querySelector(`[data-lane="${CSS.escape(agent)}"]`)
  name?.closest('li')?.scrollIntoView({ block: 'nearest' })
}
