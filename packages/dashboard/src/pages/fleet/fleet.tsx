/** The fleet: everybody as tiles, dots or rows, in groups and an order of the reader's choice. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { shownNow, useFrozen, useNow, useShown, useTable } from '../../live/live.ts'
import { useSliced } from '../../live/sliced.ts'
import { NoAgents, NoMatches } from '../../parts/empty.tsx'
import { MoreThanShown } from '../../parts/more-than-shown.tsx'
import { usePause } from '../../pause.ts'
import { holdRates, useRates } from '../../rates/live.ts'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { whole } from '../../text.ts'
import { useKept } from '../../views.ts'
import { createArranger } from './arranged.ts'
import { Attention } from './attention.tsx'
import { Bar } from './bar.tsx'
import { sizes } from './density.ts'
import { filtersIn, nothing } from './filter.ts'
import { HeatGrid } from './heat.tsx'
import { useFleetKeys } from './keys.ts'
import { Lines } from './lines.tsx'
import { foldedText, groupings, joinedSince, parseFolded, type Step, stepped } from './order.ts'
import { parseSorting } from './sort.ts'
import { createTrend, totalsOf } from './totals.ts'
import { subjectOf, troublesOf } from './trouble.ts'

/** Left and right of what is shown; below it there is as much as a group's head. */
const padding = 16
const belowPx = 24

/** While the page is open, whichever screen is shown. */
const trend = createTrend()

export function Fleet() {
  const [search, setSearch] = useSearch()
  const { paused, toggle } = usePause()
  useFrozen(paused)
  useEffect(() => {
    holdRates(paused)
    return () => holdRates(false)
  }, [paused])
  const { store, at } = useShown()
  const agents = useTable('agents')
  const now = useNow()
  const { rates, look } = useRates()
  const acknowledged = useKept((kept) => kept.acknowledged)
  const box = useRef<HTMLDivElement>(null)
  const filterBox = useRef<HTMLInputElement>(null)
  const size = useSize(box)
  const width = Math.max(1, size.width - 2 * padding)

  // Once a second is often enough for figures and alarms.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a look changes what rates answer
  const troubles = useMemo(() => troublesOf(agents, acknowledged, rates, shownNow()), [agents, acknowledged, rates, look])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a look changes what rates answer
  const rate = useMemo(() => rates?.all(), [rates, look])
  const totals = useMemo(() => totalsOf(agents), [agents])
  const change = useMemo(() => (at === undefined && store.ready() ? trend.note(totals, now) : undefined), [totals, now, at, store])
  const attention = useSameSet(useMemo(() => new Set(troubles.map(({ id }) => id)), [troubles]))
  const known = useSameSet(useMemo(() => new Set(troubles.flatMap(({ id, isKnown }) => (isKnown ? [id] : []))), [troubles]))

  const { q, errors, status, role, run, model, host, team } = search
  const grouping = groupings.find((name) => name === search.group) ?? 'manager'
  const arranger = useMemo(createArranger, [])
  const { view, sort: order, fold: folds, mode } = search
  const { height } = size
  const arrange = useCallback(
    () =>
      arranger({
        ...{ agents, attention, grouping, sort: order, fold: folds, mode, isTable: view === 'table', rates, width },
        wanted: { q, errors, status, role, run, model, host, team },
        height: height - belowPx,
      }),
    [
      arranger,
      agents,
      q,
      errors,
      status,
      role,
      run,
      model,
      host,
      team,
      attention,
      grouping,
      order,
      folds,
      mode,
      view,
      rates,
      width,
      height,
    ],
  )
  const { made, groups, density, isTable, columns, arrangement, ...arranged } = useSliced(arrange)
  const isHeat = !isTable && density === 'heat'
  const { gap } = sizes[density === 'compact' ? 'compact' : 'tiles']
  const setting = `${arranged.setting} ${at}`
  const { shown: still, stir, release, hover } = useStill(made, setting)
  const { lines } = still
  const joined = useMemo(() => joinedSince(lines, made.lines), [lines, made])

  const selected = search.sel.startsWith('agent:') ? search.sel.slice('agent:'.length) : ''
  const selectedNow = useRef(selected)
  useLayoutEffect(() => {
    selectedNow.current = selected
  }, [selected])
  const select = useCallback((id: string) => setSearch({ sel: selectedNow.current === id ? '' : subjectOf(id) }), [setSearch])
  const step = (to: Step) => {
    stir()
    const id = stepped(lines, selected, to)
    if (id !== undefined) setSearch({ sel: subjectOf(id) })
  }
  const fold = (name: string) => setSearch({ fold: foldedText(parseFolded(folds).symmetricDifference(new Set([name]))) })
  const foldAll = (isFolded: boolean) => setSearch({ fold: isFolded ? foldedText(new Set(groups.map(({ name }) => name))) : '' })
  useFleetKeys({ search, setSearch, selected, troubles, step, foldAll, filterBox })

  const isEmpty = agents.length === 0
  const isReady = store.ready()
  return (
    <section aria-label="Fleet" className="flex min-w-0 flex-1 flex-col">
      {/* Nothing to count or to filter: the page says how to begin. */}
      {!(isEmpty && isReady) && <Bar {...{ totals, change, rate, search, setSearch, grouping, paused, filterBox }} togglePause={toggle} />}
      <Attention
        {...{ troubles, selected, select }}
        only={status === 'attention'}
        showOnly={() => setSearch({ status: status === 'attention' ? '' : 'attention' })}
      />
      <MoreThanShown />
      <div ref={box} {...hover} className="relative min-h-0 flex-1 overflow-auto px-4 pb-6">
        {joined > 0 && (
          <p className="sticky top-2 z-20 mx-auto h-0 w-fit">
            <button
              type="button"
              onClick={release}
              className="rounded-full border border-accent bg-panel px-3 py-1 text-xs text-accent shadow-lg hover:bg-raised"
            >
              +{whole(joined)} new
            </button>
          </p>
        )}
        {isEmpty && isReady && <NoAgents />}
        {isEmpty && !isReady && <p className="mt-16 text-center text-faint">The fleet is being read …</p>}
        {!isEmpty && arranged.all > 0 && arranged.shown === 0 && (
          <NoMatches all={agents.length} filters={filtersIn({ ...nothing, ...search })} clear={() => setSearch(nothing)} />
        )}
        {isEmpty ? null : isHeat ? (
          <HeatGrid {...{ heat: still, grouping: arranged.grouping, width, box, selected, select, fold, known }} />
        ) : (
          <Lines
            {...{
              lines,
              grouping: arranged.grouping,
              isTable,
              isCompact: density === 'compact',
              columns,
              box,
              selected,
              select,
              fold,
              arrangement,
            }}
            tileWidth={(width + gap) / columns - gap}
            sorting={parseSorting(search.sort)}
            sort={(sort) => setSearch({ sort })}
          />
        )}
      </div>
    </section>
  )
}

/** Inner size of an element, with its padding. */
function useSize(of: { readonly current: HTMLElement | null }) {
  const [size, setSize] = useState({ width: 1_000, height: 600 })
  useLayoutEffect(() => {
    const element = of.current
    if (element === null) return
    const observer = new ResizeObserver(() =>
      setSize((held) =>
        held.width === element.clientWidth && held.height === element.clientHeight
          ? held
          : { width: element.clientWidth, height: element.clientHeight },
      ),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [of])
  return size
}

/** The set from before as long as the same are in it: what is made of it need not be made again. */
function useSameSet(set: ReadonlySet<string>): ReadonlySet<string> {
  const held = useRef(set)
  if (held.current !== set && (held.current.size !== set.size || !set.isSubsetOf(held.current))) held.current = set
  return held.current
}
