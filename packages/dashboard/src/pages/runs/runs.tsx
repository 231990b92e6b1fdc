/** Every run that there is, those that go on as they go. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef } from 'react'
import { useDensity } from '../../density.ts'
import { useBindings } from '../../keys.ts'
import { shownNow, useFrozen, useShown, useTable, useTruncated } from '../../live/live.ts'
import { Figure, Toggle } from '../../parts/controls.tsx'
import { NoAgents, NoMatches } from '../../parts/empty.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { MoreThanShown } from '../../parts/more-than-shown.tsx'
import { usePause } from '../../pause.ts'
import { useRates } from '../../rates/live.ts'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { compact, dollars, whole } from '../../text.ts'
import { listed, pacesOf, parseRunSorting, runFiltersIn, states } from './list.ts'
import { OlderOffered } from './offered.tsx'
import { withOlderRuns } from './older.ts'
import { RunRow, RunsHead, rowHeights, StateBadge } from './row.tsx'
import { useOlderRuns } from './use-older.ts'

const headHeight = 32

export function Runs() {
  const [search, setSearch] = useSearch()
  const { paused, toggle } = usePause()
  useFrozen(paused)
  const { store, at } = useShown()
  const fed = useTable('runs')
  const agents = useTable('agents')
  const { rates, look } = useRates()
  const box = useRef<HTMLDivElement>(null)
  const filterBox = useRef<HTMLInputElement>(null)
  const { q, status, errors, sort } = search
  const sorting = parseRunSorting(sort)
  const wanted = { q, status, errors }
  const older = useOlderRuns(wanted)
  const runs = useMemo(() => withOlderRuns(fed, older.runs), [fed, older.runs])
  const isCut = useTruncated().includes('runs') && !older.isAll
  // biome-ignore lint/correctness/useExhaustiveDependencies: a look changes what rates answer
  const paces = useMemo(() => pacesOf(agents, rates), [agents, rates, look])
  const made = useMemo(
    () => listed(runs, { q, status, errors }, parseRunSorting(sort), paces, shownNow()),
    [runs, q, status, errors, sort, paces],
  )
  const setting = `${q} ${status} ${errors} ${sort} ${at} ${older.runs.size} ${made.length === 0}`
  const { shown: ids, stir, hover } = useStill(made, setting)
  const height = rowHeights[useDensity(({ density }) => density)]
  const virtual = useVirtualizer({
    count: ids.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another order is read from the top
  useLayoutEffect(() => {
    box.current?.scrollTo({ top: 0 })
  }, [q, status, errors, sort])

  /** The run that has the focus, the one beside it, or the first; it is an element only once it is in view. */
  const step = (by: number) => {
    stir()
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.run : undefined
    const from = focused === undefined ? -1 : ids.indexOf(focused)
    const to = from < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, from + by))
    virtual.scrollToIndex(to)
    const id = ids[to]
    if (id === undefined) return
    requestAnimationFrame(() => {
      for (const link of box.current?.querySelectorAll<HTMLElement>('[data-run]') ?? []) if (link.dataset.run === id) link.focus()
    })
  }
  useBindings([
    { keys: 'j', about: 'Next run', run: () => step(1) },
    { keys: 'ArrowDown', about: 'Next run', run: () => step(1) },
    { keys: 'k', about: 'Previous run', run: () => step(-1) },
    { keys: 'ArrowUp', about: 'Previous run', run: () => step(-1) },
    { keys: '/', about: 'Filter runs', run: () => filterBox.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !errors }) },
  ])

  const totals = useMemo(() => {
    const of = { running: 0, finished: 0, failed: 0 }
    let [tokens, cost] = [0, 0]
    for (const run of runs) {
      of[run.state] += 1
      tokens += run.totals.inputTokens + run.totals.outputTokens
      cost += run.totals.costMicros
    }
    return { of, tokens, cost }
  }, [runs])

  if (runs.length === 0)
    return (
      <section aria-label="Runs" className="flex-1 overflow-auto">
        {store.ready() ? <NoAgents /> : <p className="mt-16 text-center text-faint">The runs are being read …</p>}
      </section>
    )
  return (
    <section aria-label="Runs" className="flex min-w-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-4 py-2 max-md:px-3">
        <div className="sideways flex flex-wrap items-center gap-x-5 gap-y-2 max-md:gap-x-3">
          <Figure name={isCut ? 'runs shown' : 'runs'} value={whole(runs.length)} />
          <fieldset aria-label="Only runs that are" className="flex flex-wrap gap-1 max-md:flex-nowrap">
            {states.map((state) => (
              <button
                key={state}
                type="button"
                aria-pressed={status === state}
                onClick={() => setSearch({ status: status === state ? '' : state })}
                className={`flex items-baseline gap-1.5 whitespace-nowrap rounded-md border px-1.5 py-0.5 ${status === state ? 'border-accent bg-accent/15' : 'border-transparent hover:border-line hover:bg-panel'}`}
              >
                <span className="text-base font-semibold tabular-nums">{whole(totals.of[state])}</span>
                <span className="text-xs">
                  <StateBadge state={state} />
                </span>
              </button>
            ))}
          </fieldset>
          <Figure name="tokens" value={compact(totals.tokens)} />
          <Figure name="cost" value={dollars(totals.cost)} />
        </div>
        <div className="ml-auto flex items-center gap-2 max-md:w-full">
          <FilterBox box={filterBox} name="Filter runs" look="w-56 bg-panel py-1 max-md:w-auto max-md:min-w-0 max-md:flex-1" />
          <Toggle on={errors} press={() => setSearch({ errors: !errors })}>
            errors only
          </Toggle>
          <Toggle on={paused} press={toggle}>
            {paused ? 'resume' : 'pause'}
          </Toggle>
        </div>
      </div>
      <MoreThanShown older={isCut ? runs.length - fed.length : 0} all={older.isAll ? 'runs' : undefined}>
        {(isCut || older.isAll) && (
          <OlderOffered
            isCut={isCut}
            offer={older.offer}
            shown={runs.length - fed.length}
            isFiltered={runFiltersIn(wanted) > 0}
            paused={paused}
          />
        )}
      </MoreThanShown>
      <div ref={box} {...hover} className="relative min-h-0 flex-1 overflow-auto">
        {ids.length === 0 && (
          <NoMatches all={runs.length} filters={runFiltersIn(wanted)} clear={() => setSearch({ q: '', status: '', errors: false })} />
        )}
        <div hidden={ids.length === 0} {...{ role: 'table', 'aria-label': 'Runs', 'aria-rowcount': ids.length + 1 }}>
          <RunsHead sorting={sorting} sort={(by) => setSearch({ sort: by })} />
          <div {...{ role: 'rowgroup' }} className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const id = ids[index]
              if (id === undefined) return null
              return (
                <div
                  key={id}
                  {...{ role: 'presentation' }}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${start - headHeight}px)` }}
                >
                  <RunRow id={id} older={older.runs.get(id)} pace={paces.get(id)} height={height} />
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </section>
  )
}
