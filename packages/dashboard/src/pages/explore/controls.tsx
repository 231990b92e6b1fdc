import type { RefObject } from 'react'
import { Toggle } from '../../parts/controls.tsx'
import { useSearch } from '../../search.ts'
import { dateTime, visible } from '../../text.ts'
import { csvOf, download } from './export.ts'
import { type Explored, filterNames, kinds, type Split, splits } from './figures.ts'
import { presets } from './span.ts'
import { useSpan } from './use-span.ts'
import { ofSplit } from './words.ts'

const kindNames = { llm: 'model calls', tool: 'tool calls', task: 'tasks' } as const
const choice = 'rounded px-2 py-0.5 text-soft hover:text-ink aria-pressed:bg-raised aria-pressed:text-ink'
const box = 'flex gap-0.5 rounded-md border border-line bg-panel p-0.5'

interface ControlsProps {
  readonly split: Split
  readonly found: Explored | undefined
  readonly first: RefObject<HTMLButtonElement | null>
}

export function Controls({ split, found, first }: ControlsProps) {
  const [search, setSearch] = useSearch()
  const { isBrushed, preset, at, span, choose, reset } = useSpan()
  const isType = split === 'type'
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
      <fieldset aria-label="Time" className={box}>
        {presets.map(({ name, about }, i) => (
          <button
            key={name}
            ref={i === 0 ? first : undefined}
            type="button"
            aria-pressed={!isBrushed && preset === name}
            aria-label={`${name}, the last ${about}`}
            onClick={() => choose(name)}
            className={choice}
          >
            {name}
          </button>
        ))}
      </fieldset>
      {isBrushed && span.kind === 'fixed' && (
        <button
          type="button"
          onClick={reset}
          title="Back to the whole time (f)"
          className="rounded-md border border-accent bg-accent/15 px-2.5 py-1 text-accent tabular-nums"
        >
          {range(span.from, span.to)} <span aria-hidden="true">×</span>
          <span className="sr-only"> reset</span>
        </button>
      )}
      {!isBrushed && at !== undefined && (
        <span className="text-xs text-wait tabular-nums">up to {dateTime(span.kind === 'fixed' ? span.to : at).slice(0, 16)}</span>
      )}
      <fieldset aria-label="Split by" className={box}>
        {splits.map((by) => (
          <button
            key={by}
            type="button"
            aria-pressed={split === by}
            onClick={() => setSearch({ by: by === 'agent' ? '' : by, sort: '' })}
            className={choice}
          >
            {by === 'none' ? 'total' : by}
          </button>
        ))}
      </fieldset>
      {!isType && (
        <select
          aria-label="What is counted"
          value={kinds.some((kind) => kind === search.type) ? search.type : ''}
          onChange={({ target }) => setSearch({ type: target.value })}
          className="rounded-md border border-line bg-panel px-2 py-1 text-soft"
        >
          <option value="">all calls</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {kindNames[kind]}
            </option>
          ))}
        </select>
      )}
      {!isType &&
        filterNames.map(
          (name) =>
            search[name] !== '' && (
              <button
                key={name}
                type="button"
                onClick={() => setSearch({ [name]: '' })}
                className="max-w-60 truncate rounded-md border border-accent bg-accent/15 px-2.5 py-1 text-accent"
              >
                {ofSplit[name]} {visible(search[name])} <span aria-hidden="true">×</span>
                <span className="sr-only"> remove this filter</span>
              </button>
            ),
        )}
      <span className="ml-auto flex gap-2">
        <Toggle on={search.mode === 'compare'} press={() => setSearch({ mode: search.mode === 'compare' ? '' : 'compare' })}>
          compare
        </Toggle>
        <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
          errors only
        </Toggle>
        {(['CSV', 'JSON'] as const).map((type) => (
          <button
            key={type}
            type="button"
            disabled={found === undefined}
            aria-label={`Download as ${type}`}
            onClick={() => found !== undefined && save(type, found)}
            className="rounded-md border border-line bg-panel px-2 py-1 text-xs text-faint hover:text-ink disabled:opacity-50"
          >
            {type}
          </button>
        ))}
      </span>
    </div>
  )
}

function save(type: 'CSV' | 'JSON', found: Explored) {
  const name = `signalbox-${found.since.slice(0, 16).replaceAll(':', '')}-${found.until.slice(0, 16).replaceAll(':', '')}`
  if (type === 'CSV') download(`${name}.csv`, 'text/csv', csvOf(found))
  else download(`${name}.json`, 'application/json', JSON.stringify(found, undefined, 2))
}

/** The day is said once where it is one. */
function range(from: number, to: number): string {
  const [a, b] = [dateTime(from).slice(0, 16), dateTime(to).slice(0, 16)]
  if (a.slice(0, 10) === b.slice(0, 10)) return `${said(a)} – ${b.slice(11)}`
  return `${said(a)} – ${said(b)}`
}

/** Without its year when that is this one. */
const said = (time: string) => (time.startsWith(`${new Date().getFullYear()}-`) ? time.slice(5) : time)
