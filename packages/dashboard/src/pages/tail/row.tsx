/** One line of the tail, and what it opens into. */
import { memo } from 'react'
import { useNow } from '../../live/live.ts'
import { Copy } from '../../parts/copy.tsx'
import { Json } from '../../parts/json.tsx'
import { age, compact, dateTime, visible } from '../../text.ts'
import { briefOf, inkOf, levelLooks } from './brief.ts'
import type { Line } from './buffer.ts'
import type { Query } from './language/query.ts'
import { Marked } from './marks.tsx'

export const rowHeight = 26

export type EventLine = Line & { readonly kind: 'event' }

interface RowProps {
  readonly line: EventLine
  readonly isSelected: boolean
  readonly isOpen: boolean
  readonly wraps: boolean
  readonly isAgo: boolean
  readonly marks: readonly string[]
  readonly select: (line: EventLine) => void
  readonly toggle: (line: EventLine) => void
  readonly add: (term: Query) => void
}

export const Row = memo(function Row({ line, isSelected, isOpen, wraps, isAgo, marks, select, toggle, add }: RowProps) {
  const { event, level } = line
  const look = levelLooks[level]
  const brief = briefOf(event)
  const cell = wraps ? 'break-words' : 'truncate'
  return (
    <div className={`border-l-2 ${look.edge} ${isSelected ? 'bg-accent/10 shadow-[inset_2px_0_0_var(--accent)]' : ''}`}>
      <div
        className={`flex hover:bg-raised ${wraps ? 'items-start' : ''}`}
        style={wraps ? { minHeight: rowHeight } : { height: rowHeight }}
      >
        <button
          type="button"
          tabIndex={isSelected ? 0 : -1}
          aria-expanded={isOpen}
          aria-label={`${isOpen ? 'Collapse' : 'Expand'} ${visible(event.type)}`}
          onClick={() => toggle(line)}
          className="w-7 shrink-0 max-md:w-6 text-center leading-[26px] text-faint hover:text-ink"
        >
          {isOpen ? '▾' : '▸'}
        </button>
        <button
          type="button"
          tabIndex={isSelected ? 0 : -1}
          aria-pressed={isSelected}
          onClick={() => select(line)}
          className="grid min-w-0 flex-1 grid-cols-[14px_112px_150px_190px_minmax(0,1fr)] gap-x-3 pr-4 text-left leading-[26px] max-lg:grid-cols-[14px_70px_100px_130px_minmax(0,1fr)] max-md:grid-cols-[10px_58px_68px_minmax(0,auto)_minmax(3rem,1fr)] max-md:gap-x-2 max-md:pr-3"
        >
          <span className={look.ink}>
            <span aria-hidden="true">{look.sign}</span>
            <span className="sr-only">{level}</span>
          </span>
          <span className="truncate tabular-nums text-faint" title={`${event.time}, received ${event.receivedAt}`}>
            {isAgo ? <Ago at={Date.parse(event.time)} /> : stamp(Date.parse(event.time))}
          </span>
          <Name
            text={event.agent ?? event.source}
            marks={marks}
            look={`text-soft ${cell}`}
            letters={wraps ? Number.POSITIVE_INFINITY : 25}
          />
          <span className={`${cell} ${inkOf(event.type)}`} title={visible(event.type)}>
            <Marked text={visible(event.type)} marks={marks} />
          </span>
          <span className={wraps ? 'whitespace-pre-wrap break-words' : 'truncate'} title={wraps ? undefined : brief}>
            <Marked text={brief} marks={marks} />
          </span>
        </button>
      </div>
      {isOpen && <Opened key={line.event.id} line={line} add={add} />}
    </div>
  )
})

/** Names of a fleet begin alike: the end of a long one is shown. */
function Name({
  text,
  marks,
  look,
  letters,
}: {
  readonly text: string
  readonly marks: readonly string[]
  readonly look: string
  readonly letters: number
}) {
  return (
    <span className={look} title={visible(text)}>
      <Marked text={visible(text.length > letters ? `…${text.slice(1 - letters)}` : text)} marks={marks} />
    </span>
  )
}

const two = (value: number) => String(value).padStart(2, '0')
/** A locale's own formatter takes longer than all else of a line. */
function stamp(ms: number): string {
  const at = new Date(ms)
  const today = new Date()
  const isToday = at.getDate() === today.getDate() && at.getMonth() === today.getMonth() && at.getFullYear() === today.getFullYear()
  const day = isToday ? '' : `${two(at.getMonth() + 1)}-${two(at.getDate())} `
  return `${day}${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

function Ago({ at }: { readonly at: number }) {
  return `${age(useNow() - at)} ago`
}

const offered = ['type', 'agent', 'run', 'task'] as const

function Opened({ line: { event }, add }: { readonly line: EventLine; readonly add: (term: Query) => void }) {
  const json = () => JSON.stringify(event, null, 2)
  const button = 'rounded border border-line bg-panel px-2 py-0.5 text-xs text-soft hover:text-ink'
  return (
    <div className="border-y border-line bg-panel py-2 pl-9 pr-4 font-sans">
      <div className="mb-2 flex flex-wrap items-center gap-1.5">
        <Copy name="copy line" text={() => lineText(event)} />
        <Copy name="copy JSON" text={json} />
        <span className="ml-2 text-xs text-faint">
          {dateTime(Date.parse(event.time))} · {compact(json().length)} characters
        </span>
        <span className="ml-auto text-xs text-faint">only</span>
        {offered.map((field) => {
          const value = event[field]
          if (value === undefined) return null
          const term: Query = { kind: 'field', field, values: [{ text: value, pattern: false }] }
          return (
            <span key={field} className="flex">
              <button type="button" className={`${button} rounded-r-none`} title={`${field}:${visible(value)}`} onClick={() => add(term)}>
                {field}
              </button>
              <button
                type="button"
                className={`${button} rounded-l-none border-l-0`}
                aria-label={`Without this ${field}`}
                title={`-${field}:${visible(value)}`}
                onClick={() => add({ kind: 'not', of: term })}
              >
                ≠
              </button>
            </span>
          )
        })}
      </div>
      <Json value={event} />
    </div>
  )
}

const lineText = (event: EventLine['event']): string => [event.time, event.agent ?? event.source, event.type, briefOf(event)].join('  ')
