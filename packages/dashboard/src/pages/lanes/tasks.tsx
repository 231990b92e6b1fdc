import { isOrphaned } from '@signalbox/model/fold/task.ts'
import type { TaskRow } from '@signalbox/model/rows.ts'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { useBindings } from '../../keys.ts'
import { useNow, useRow } from '../../live/live.ts'
import { Toggle } from '../../parts/controls.tsx'
import { NoMatches } from '../../parts/empty.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { Badge, orphanedLook, taskLook } from '../../parts/status.tsx'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { age, compact, dollars, visible } from '../../text.ts'
import { roles } from '../fleet/table.tsx'
import {
  columns,
  isFigure,
  matchingTasks,
  type Names,
  nextTaskSort,
  orderedTasks,
  parseTaskSort,
  type Spend,
  type TaskLine,
  titleOf,
  tookMs,
} from './task-list.ts'

const rowHeight = 30
const table = (rows: number) => ({ role: 'table', 'aria-label': 'Tasks of this run', 'aria-rowcount': rows })
const grid =
  'grid grid-cols-[112px_minmax(0,3fr)_minmax(0,1.2fr)_84px_72px_72px] items-center gap-3 px-4 max-md:grid-cols-[92px_minmax(0,1fr)_44px_56px] max-md:gap-2 max-md:px-3'
/** What a narrow screen leaves out: the inspector tells it. */
const wide = 'max-md:hidden'

interface TasksProps {
  readonly tasks: readonly TaskRow[]
  readonly names: Names
  readonly spends: ReadonlyMap<string, Spend>
  /** Where the time of open tasks stands still: the run has ended, or the view is paused. */
  readonly stoppedAt: number | undefined
  /** Shows the task in the lanes. */
  readonly show: (task: TaskRow) => void
}

export function Tasks({ tasks, names, spends, stoppedAt, show }: TasksProps) {
  const [search, setSearch] = useSearch()
  const box = useRef<HTMLDivElement>(null)
  const filter = useRef<HTMLInputElement>(null)
  const matching = useMemo(() => matchingTasks(tasks, names, search.q, search.errors), [tasks, names, search.q, search.errors])
  const ordered = useMemo(() => orderedTasks(matching, names, spends, search.sort), [matching, names, spends, search.sort])
  // While still, the places stay; what stands in them is new all the same.
  const places = useMemo(() => ordered.map(({ key }) => key), [ordered])
  const { shown: keys, stir } = useStill(places, `${search.q} ${search.errors} ${search.sort}`)
  const lines = useMemo(() => {
    const byKey = new Map(ordered.map((line) => [line.key, line]))
    return keys.flatMap((key) => byKey.get(key) ?? [])
  }, [ordered, keys])
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 8 })
  const at = lines.findIndex(({ key }) => search.sel === `task:${key}`)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was selected elsewhere is brought into view once, not whenever the order changes
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [search.sel])
  const step = (by: number) => {
    stir()
    const line = lines[at < 0 ? (by > 0 ? 0 : lines.length - 1) : Math.max(0, Math.min(lines.length - 1, at + by))]
    if (line !== undefined) setSearch({ sel: `task:${line.key}` })
  }
  useBindings([
    { keys: 'j', about: 'Next task', run: () => step(1) },
    { keys: 'k', about: 'Previous task', run: () => step(-1) },
    { keys: 'Enter', about: 'Show the selected task in the lanes', run: () => lines[at] && show(lines[at].task) },
    { keys: '/', about: 'Filter tasks', run: () => filter.current?.focus() },
    { keys: 'x', about: 'Only failed and contradicted tasks', run: () => setSearch({ errors: !search.errors }) },
  ])
  const sorting = parseTaskSort(search.sort)
  return (
    <section aria-label="Tasks" className="flex max-h-[38%] min-h-24 shrink-0 flex-col border-t border-line">
      <div className="flex items-center gap-3 border-b border-line bg-panel px-4 py-1.5 max-md:px-3">
        <h3 className="font-medium">Tasks</h3>
        <span className="text-xs text-faint">
          {matching.length === tasks.length ? tasks.length : `${matching.length} of ${tasks.length}`}
        </span>
        <div className="ml-auto flex items-center gap-2">
          <FilterBox box={filter} name="Filter tasks" look="w-48 bg-page py-0.5 max-md:w-28 max-md:py-1" />
          <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
            errors only
          </Toggle>
        </div>
      </div>
      {tasks.length === 0 ? (
        <p className="px-4 py-3 text-soft">
          No tasks yet. A <code className="font-mono text-xs">task.created</code> or <code className="font-mono text-xs">task.started</code>{' '}
          event with this run opens one.
        </p>
      ) : matching.length === 0 ? (
        <NoMatches
          all={tasks.length}
          filters={[search.q !== '', search.errors].filter(Boolean).length}
          clear={() => setSearch({ q: '', errors: false })}
        />
      ) : (
        <div {...table(lines.length)} className="flex min-h-0 flex-1 flex-col">
          <div {...roles.row} className={`${grid} border-b border-line py-1 text-xs text-faint`}>
            {columns.map((column) => {
              const direction = sorting?.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'
              return (
                <span
                  key={column}
                  {...roles.columnheader(direction)}
                  className={`${isFigure(column) ? 'text-right' : ''} ${column === 'assignee' || column === 'tokens' ? wide : ''}`}
                >
                  <button
                    type="button"
                    onClick={() => setSearch({ sort: nextTaskSort(column, search.sort) })}
                    className={`capitalize hover:text-ink ${direction === 'none' ? '' : 'text-ink'}`}
                  >
                    {column}
                    <span aria-hidden="true">{{ none: '', ascending: ' ↑', descending: ' ↓' }[direction]}</span>
                  </button>
                </span>
              )
            })}
          </div>
          <div ref={box} onPointerMove={stir} className="min-h-0 flex-1 overflow-auto">
            <div className="relative" style={{ height: virtual.getTotalSize() }}>
              {virtual.getVirtualItems().map(({ index, start }) => {
                const line = lines[index]
                return (
                  line && (
                    <div key={line.key} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${start}px)` }}>
                      <Row
                        line={line}
                        stoppedAt={stoppedAt}
                        selected={index === at}
                        select={() => setSearch({ sel: index === at ? '' : `task:${line.key}` })}
                      />
                    </div>
                  )
                )
              })}
            </div>
          </div>
        </div>
      )}
    </section>
  )
}

interface RowProps {
  readonly line: TaskLine
  readonly stoppedAt: number | undefined
  readonly selected: boolean
  readonly select: () => void
}

function Row({ line: { task, assignee, spend }, stoppedAt, selected, select }: RowProps) {
  const ticking = useNow()
  const agent = useRow('agents', task.assignee?.value)
  const run = useRow('runs', task.run)
  const look = isOrphaned(task, agent, run) ? orphanedLook : taskLook(task.state)
  return (
    <div
      {...roles.row}
      className={`relative ${grid} border-b border-line/60 hover:bg-raised ${selected ? 'bg-accent/10 shadow-[inset_2px_0_0_var(--accent)]' : ''}`}
      style={{ height: rowHeight }}
    >
      <span {...roles.cell}>
        <Badge look={look} />
      </span>
      <span {...roles.cell} className="flex min-w-0 items-center gap-2">
        <button type="button" aria-pressed={selected} onClick={select} className="min-w-0 truncate text-left after:absolute after:inset-0">
          {visible(titleOf(task))}
          <span className="sr-only">
            , {look.words}
            {task.contradicted > 0 ? ', contradicted' : ''}
          </span>
        </button>
        {task.contradicted > 0 && (
          <span
            className="shrink-0 rounded bg-wait/10 px-1.5 text-xs text-wait"
            title={`${task.contradicted} later events said otherwise, last by ${visible(task.contradictedBy ?? 'unknown')}`}
          >
            ⚠ {task.state === 'completed' ? 'closed' : 'ended'} {task.contradicted === 1 ? 'twice' : `${task.contradicted + 1}×`}
          </span>
        )}
      </span>
      <span {...roles.cell} className={`truncate text-soft ${wide}`} title={visible(task.assignee?.value ?? '')}>
        {visible(assignee || '–')}
      </span>
      <span {...roles.cell} className={`text-right tabular-nums ${look.tone === 'busy' ? 'text-busy' : 'text-soft'}`}>
        {age(tookMs(task, stoppedAt ?? ticking))}
      </span>
      <span {...roles.cell} className={`text-right tabular-nums text-soft ${wide}`}>
        {spend === undefined ? '–' : compact(spend.tokens)}
      </span>
      <span {...roles.cell} className="text-right tabular-nums text-soft">
        {spend === undefined ? '–' : dollars(spend.costMicros)}
      </span>
    </div>
  )
}
