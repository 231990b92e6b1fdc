/**
 * Every agent a dot, ten thousand in one view, on one canvas. It is drawn as a whole when the order or the view changes, and then only
 * where a dot's look is another. Before the canvas lies a grid for keys and screen readers that holds the selected agent.
 */
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { shownNow, useNow } from '../../live/live.ts'
import { agentLook, Badge } from '../../parts/status.tsx'
import { shownRates } from '../../rates/live.ts'
import { age, compact, visible } from '../../text.ts'
import { doing, nameOf } from './agent.ts'
import type { Heat } from './density.ts'
import { GroupHead } from './group-head.tsx'
import { useDots } from './heat-dots.ts'
import { cellOf, idAt, type Places, placesOf, samePlaces } from './heat-place.ts'
import type { Grouping, Line } from './order.ts'
import { useAgent } from './use-agent.ts'

interface HeatProps {
  readonly heat: Heat
  readonly grouping: Grouping
  readonly width: number
  readonly box: RefObject<HTMLDivElement | null>
  readonly selected: string
  readonly select: (id: string) => void
  readonly fold: (name: string) => void
  /** Ids of agents whose trouble somebody knows of. */
  readonly known: ReadonlySet<string>
}

export function HeatGrid({ heat: { pitch, lines: made }, grouping, width, box, selected, select, fold, known }: HeatProps) {
  // Lists are made anew all the time; the dots are drawn as a whole only if somebody stands elsewhere.
  const held = useRef(made)
  if (!samePlaces(held.current, made)) held.current = made
  const lines = held.current
  const places = useMemo(() => placesOf(lines, pitch), [lines, pitch])
  const canvas = useDots(lines, places, pitch, width, box, known)
  const [hovered, setHovered] = useState('')
  const found = (event: { readonly nativeEvent: { readonly offsetX: number; readonly offsetY: number } }) =>
    idAt(lines, places, pitch, event.nativeEvent.offsetX, event.nativeEvent.offsetY) ?? ''
  const first = lines.find((line) => line.kind === 'agents')?.ids[0] ?? ''
  const active = cellOf(lines, selected) === undefined ? first : selected
  const columns = Math.max(1, Math.floor(width / pitch))
  // biome-ignore lint/correctness/useExhaustiveDependencies: who is selected comes into view, and may be scrolled away then
  useEffect(() => {
    document.getElementById('dot')?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  return (
    <div className="relative" style={{ height: places.height }}>
      <div aria-hidden="true" className="sticky top-0">
        <canvas ref={canvas} className="block" />
      </div>
      {made.map(
        (line, at) =>
          line.kind === 'head' && (
            <div key={line.name} className="absolute inset-x-0 z-10" style={{ top: places.tops[at] }}>
              <GroupHead head={line} grouping={grouping} inTable={false} fold={fold} low />
            </div>
          ),
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys step through it by the page's bindings */}
      {/* biome-ignore lint/a11y/useSemanticElements: a table of ten thousand cells is what the canvas saves */}
      <div
        role="grid"
        aria-label="Agents as dots"
        tabIndex={0}
        aria-rowcount={lines.length}
        aria-colcount={columns}
        aria-activedescendant="dot"
        onPointerMove={(event) => setHovered(found(event))}
        onPointerLeave={() => setHovered('')}
        onClick={(event) => {
          const id = found(event)
          if (id !== '') select(id)
        }}
        className={`absolute inset-0 outline-offset-4 ${hovered === '' ? '' : 'cursor-pointer'}`}
      >
        {active !== '' && <Dot id={active} {...{ lines, places, pitch }} selected={active === selected} />}
      </div>
      {hovered !== '' && hovered !== selected && <Ring id={hovered} {...{ lines, places, pitch }} className="ring-1 ring-soft" />}
      {hovered !== '' && <Card id={hovered} {...{ lines, places, pitch, width }} />}
    </div>
  )
}

interface At {
  readonly id: string
  readonly lines: readonly Line[]
  readonly places: Places
  readonly pitch: number
}
const boxOf = ({ id, lines, places, pitch }: At) => {
  const cell = cellOf(lines, id)
  return cell === undefined ? undefined : { ...cell, left: cell.column * pitch, top: places.tops[cell.line] ?? 0 }
}

function Ring({ className, ...at }: At & { readonly className: string }) {
  const place = boxOf(at)
  if (place === undefined) return null
  const side = at.pitch - 1
  return (
    <span
      aria-hidden="true"
      className={`pointer-events-none absolute rounded-sm ${className}`}
      style={{ left: place.left, top: place.top, width: side, height: side }}
    />
  )
}

/** What a screen reader is told of where the keys are. */
function Dot({ selected, ...at }: At & { readonly selected: boolean }) {
  const { agent, title } = useAgent(at.id)
  const place = boxOf(at)
  if (agent === undefined || place === undefined) return null
  const { text } = doing(agent, title, shownNow())
  const name = `${visible(nameOf(agent))}, ${agentLook(agent.status?.value).words}${text === '' ? '' : `, ${visible(text)}`}`
  return (
    // biome-ignore lint/a11y/useSemanticElements: as its grid
    <div role="row" tabIndex={-1} aria-rowindex={place.line + 1} className="pointer-events-none">
      {/* biome-ignore lint/a11y/useSemanticElements: as its grid */}
      <div
        id="dot"
        role="gridcell"
        tabIndex={-1}
        aria-colindex={place.column + 1}
        aria-selected={selected}
        aria-label={name}
        className={`absolute rounded-sm ${selected ? 'ring-2 ring-accent ring-offset-1 ring-offset-page' : ''}`}
        style={{ left: place.left, top: place.top, width: at.pitch - 1, height: at.pitch - 1 }}
      />
    </div>
  )
}

const cardWidth = 240

function Card({ width, ...at }: At & { readonly width: number }) {
  const { agent, title } = useAgent(at.id)
  const now = useNow()
  const place = boxOf(at)
  if (agent === undefined || place === undefined) return null
  const { text } = doing(agent, title, now)
  const rate = shownRates()?.of(at.id)
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute z-20 rounded-md border border-line bg-raised px-3 py-2 text-xs shadow-lg"
      style={{
        width: cardWidth,
        left: Math.max(0, Math.min(width - cardWidth, place.left - cardWidth / 2)),
        top: place.top + at.pitch + 6,
      }}
    >
      <p className="truncate font-medium">{visible(nameOf(agent))}</p>
      <p className="flex justify-between">
        <Badge look={agentLook(agent.status?.value)} />
        <span className="text-faint">{agent.status === undefined ? '' : age(now - agent.status.at)}</span>
      </p>
      {text !== '' && <p className="truncate text-soft">{visible(text)}</p>}
      <p className="flex justify-between text-faint">
        <span>{rate === undefined ? '' : `${compact(rate.tokensPerMinute)} tok/min`}</span>
        <span>{age(now - agent.lastSeenAt)} ago</span>
      </p>
    </div>
  )
}
