import type { RunRow as Row } from '@signalbox/model/rows.ts'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import { useNow, useRow } from '../../live/live.ts'
import { inkOf } from '../../parts/status.tsx'
import { age, compact, dateTime, dollars, visible, whole } from '../../text.ts'
import { isQuiet, nextRunSorting, type Pace, type RunColumn, type RunSorting, runColumns, runName, tasksOf, tookMs } from './list.ts'

export const rowHeights = { usual: 40, compact: 32 } as const
const grid =
  'grid gap-x-3 px-4 max-md:gap-x-2 max-md:px-3 grid-cols-[minmax(0,1fr)_20px_60px_72px] md:grid-cols-[minmax(0,1fr)_84px_64px_132px_64px_64px_76px] xl:grid-cols-[minmax(0,1fr)_84px_148px_80px_64px_168px_68px_68px_76px_60px_84px]'
const narrow: readonly RunColumn[] = ['run', 'state', 'took', 'last event']
const wide: readonly RunColumn[] = ['started', 'agents', 'tok/min', 'errors']
const texts: readonly RunColumn[] = ['run', 'state', 'started', 'tasks']
const place = (column: RunColumn) =>
  `${texts.includes(column) ? '' : 'text-right tabular-nums'} ${narrow.includes(column) ? '' : 'max-md:hidden'} ${wide.includes(column) ? 'md:max-xl:hidden' : ''}`

/** The page places the rows itself, which a <table> does not allow: its roles, by hand. */
const roles = { row: { role: 'row' }, cell: { role: 'cell' } }

export function RunsHead({ sorting, sort }: { readonly sorting: RunSorting; readonly sort: (by: string) => void }) {
  return (
    <div
      {...roles.row}
      className={`${grid} sticky top-0 z-10 h-8 items-center border-b border-line bg-page text-xs font-medium text-faint`}
    >
      {runColumns.map((column) => {
        const direction = sorting.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'
        return (
          <span key={column} {...{ role: 'columnheader', 'aria-sort': direction }} className={place(column)}>
            <button
              type="button"
              onClick={() => sort(nextRunSorting(column, sorting))}
              className={`whitespace-nowrap py-1 hover:text-ink ${direction === 'none' ? '' : 'text-ink'}`}
            >
              <span className={`inline-block first-letter:uppercase ${column === 'state' ? 'max-md:sr-only' : ''}`}>{column}</span>
              <span aria-hidden="true">{{ none: '', ascending: ' ↑', descending: ' ↓' }[direction]}</span>
            </button>
          </span>
        )
      })}
    </div>
  )
}

const looks = { running: ['▶', 'busy'], finished: ['✓', 'good'], failed: ['✕', 'bad'] } as const

/** `narrow`: on a narrow screen it is seen as its sign. */
export function StateBadge({ state, narrow = false }: { readonly state: Row['state']; readonly narrow?: boolean }) {
  const [sign, tone] = looks[state]
  return (
    <span className={inkOf(tone)}>
      <span aria-hidden="true" className="mr-1.5 text-[10px]">
        {sign}
      </span>
      <span className={narrow ? 'max-md:sr-only' : ''}>{state}</span>
    </span>
  )
}

const none = <span className="text-faint">–</span>

export const RunRow = memo(function RunRow({
  id,
  older,
  pace,
  height,
}: {
  readonly id: string
  /** As a page of the list had it: the feed's is newer. */
  readonly older: Row | undefined
  readonly pace: Pace | undefined
  readonly height: number
}) {
  const run = useRow('runs', id) ?? older
  const now = useNow()
  if (run === undefined) return null
  const quiet = isQuiet(run, now)
  const cells = {
    run: (
      <span className="flex min-w-0 items-baseline gap-2">
        <Link
          to="/runs/$run"
          params={{ run: run.id }}
          data-run={run.id}
          title={visible(run.error === undefined ? run.id : `${run.id}: ${run.error}`)}
          className="min-w-0 truncate font-medium text-ink outline-none after:absolute after:inset-0 hover:text-accent focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {visible(runName(run))}
        </Link>
        {run.synthetic && <span className="shrink-0 rounded bg-raised px-1.5 text-xs text-faint max-lg:hidden">made-up pace</span>}
      </span>
    ),
    state: <StateBadge state={run.state} narrow />,
    started: <span className="tabular-nums text-soft">{dateTime(run.startedAt).slice(0, 19)}</span>,
    took: <span className="text-soft">{age(tookMs(run, now))}</span>,
    agents: (
      <span title={pace === undefined ? '' : `${whole(pace.busy)} busy now`}>
        {run.state === 'running' && pace !== undefined && pace.busy > 0 && <span className="text-busy">▶ {whole(pace.busy)} / </span>}
        {whole(run.agents.length)}
      </span>
    ),
    tasks: <Tasks run={run} />,
    'tok/min': run.state === 'running' && pace !== undefined && pace.tokensPerMinute > 0 ? compact(pace.tokensPerMinute) : none,
    tokens: compact(run.totals.inputTokens + run.totals.outputTokens),
    cost: dollars(run.totals.costMicros),
    errors: run.totals.errors === 0 ? none : <span className="text-bad">✕ {compact(run.totals.errors)}</span>,
    'last event': (
      <span
        className={`whitespace-nowrap ${quiet ? 'text-wait' : 'text-faint'}`}
        title={`last event ${new Date(run.lastEventAt).toISOString()}${quiet ? '; it has not said that it ended' : ''}`}
      >
        {quiet ? '⚠ ' : ''}
        {age(now - run.lastEventAt)}
      </span>
    ),
  } satisfies Record<RunColumn, unknown>
  return (
    <div {...roles.row} style={{ height }} className={`relative ${grid} items-center border-b border-line/60 hover:bg-raised`}>
      {runColumns.map((column) => (
        <span key={column} {...roles.cell} className={`min-w-0 ${place(column)}`}>
          {cells[column]}
        </span>
      ))}
    </div>
  )
})

/** How many are done, as a bar and in figures. */
function Tasks({ run }: { readonly run: Row }) {
  const { done, failed, working, waiting, all } = tasksOf(run)
  if (all === 0) return none
  const words = `${whole(done)} done, ${whole(failed)} failed, ${whole(working)} under way, ${whole(waiting)} waiting, of ${whole(all)}`
  const part = (count: number, look: string) =>
    count > 0 && <span className={look} style={{ width: `${Math.max(2, (100 * count) / all)}%` }} />
  return (
    <span className="flex items-center gap-2" title={words}>
      <span aria-hidden="true" className="flex h-1.5 min-w-8 flex-1 overflow-hidden rounded-full bg-raised">
        {part(done, 'bg-good')}
        {part(failed, 'bg-bad')}
        {part(waiting, 'bg-wait')}
        {part(working, 'bg-busy')}
      </span>
      <span className="whitespace-nowrap text-xs tabular-nums text-soft">
        {whole(done)} / {whole(all)}
        {failed > 0 && <span className="text-bad"> ✕ {whole(failed)}</span>}
      </span>
    </span>
  )
}
