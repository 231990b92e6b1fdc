import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react'
import { useSearch } from '../../search.ts'
import type { View } from '../lanes/view.ts'
import type { Extent, Window } from '../lanes/window.ts'
import type { StoppedAt } from './bars.ts'
import { headHeight, type Layout, layoutFor, rowHeight } from './columns.ts'
import { type Line, nextSort, parseSorting, type SortColumn } from './lines.ts'
import type { Sums } from './node.ts'
import { Row, roles } from './row.tsx'
import { Timeline, zone } from './timeline.tsx'

interface GridProps {
  readonly lines: readonly Line[]
  /** Of the whole run. */
  readonly sums: Sums
  /** What the user asked for: with another one the rows are read from the active one, or from the top. */
  readonly arrangement: string
  /** Place of the active row, or -1. */
  readonly active: number
  /** Grows when the active row shall be brought into view, and be focused if nothing else is. */
  readonly reveal: number
  readonly pick: (line: Line) => void
  readonly toggle: (line: Line) => void
  readonly name: (agent: string) => string
  readonly stoppedAt: StoppedAt
  readonly stopped: number | undefined
  readonly critical: ReadonlySet<string>
  readonly view: View
  readonly extentAt: (now: number) => Extent
  readonly clock: () => number
  readonly onFrame: (window: Window, following: boolean) => void
}

export function Grid(props: GridProps) {
  const { lines, sums, arrangement, active, reveal, pick, toggle, name, stoppedAt, stopped, critical } = props
  const [{ sel }] = useSearch()
  const box = useRef<HTMLDivElement>(null)
  const axis = useRef<HTMLCanvasElement>(null)
  const layout = useLayout(box, sums)
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => lines[index]?.node.id ?? index,
    overscan: 8,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    // The row that the keys are on stays an element, wherever one scrolls: focus is not lost.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const shown = defaultRangeExtractor(range)
        const kept = Math.max(0, active)
        return kept >= range.count || shown.includes(kept) ? shown : [...shown, kept].sort((a, b) => a - b)
      },
      [active],
    ),
  })
  useAnchor(box, lines, arrangement, active)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when it is asked for
  useLayoutEffect(() => {
    if (reveal === 0 || active < 0) return
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {}
    const away = Math.abs(active * rowHeight - scrollTop - clientHeight / 2)
    // A step scrolls as little as it needs; what a link names stands in the middle.
    virtual.scrollToIndex(active, { align: away > clientHeight ? 'center' : 'auto' })
    const within = document.activeElement
    if (within === document.body || within === null || box.current?.contains(within))
      box.current?.querySelector<HTMLElement>('[role=row][tabindex="0"]')?.focus({ preventScroll: true })
  }, [reveal])

  return (
    <div ref={box} data-testid="tree" className="relative min-h-0 flex-1 overflow-y-auto overflow-x-hidden">
      <div {...roles.grid(lines.length)}>
        <Heads layout={layout} axis={axis} />
        <div {...roles.group} className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const line = lines[index]
            return (
              line && (
                <div
                  key={line.node.id}
                  role="presentation"
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${start - headHeight}px)` }}
                >
                  <Row
                    line={line}
                    index={index + 1}
                    active={index === Math.max(0, active)}
                    selected={line.node.sel === sel}
                    critical={critical.has(line.node.id)}
                    name={name}
                    stoppedAt={stoppedAt}
                    stopped={stopped}
                    layout={layout}
                    pick={pick}
                    toggle={toggle}
                  />
                </div>
              )
            )
          })}
        </div>
      </div>
      {layout.timeline > 0 && <Timeline {...props} box={box} axis={axis} layout={layout} />}
    </div>
  )
}

function useLayout(box: RefObject<HTMLDivElement | null>, sums: Sums): Layout {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const measure = () => setWidth(element.clientWidth)
    measure()
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    return () => sizes.disconnect()
  }, [box])
  const made = layoutFor(width, sums)
  // The same one for the rows until it is another.
  const held = useRef(made)
  if (held.current.template !== made.template || held.current.timeline !== made.timeline || held.current.tree !== made.tree)
    held.current = made
  return held.current
}

/**
 * Rows that come in above do not push away what one looks at: the active row, where it is in sight, else the first that is, stays at its
 * place on the screen. Another arrangement begins at the active row, or at the top.
 */
function useAnchor(box: RefObject<HTMLDivElement | null>, lines: readonly Line[], arrangement: string, active: number): void {
  const held = useRef({ lines, arrangement })
  useLayoutEffect(() => {
    const element = box.current
    const before = held.current
    held.current = { lines, arrangement }
    if (element === null || (before.lines === lines && before.arrangement === arrangement)) return
    const { scrollTop, clientHeight } = element
    if (before.arrangement !== arrangement) {
      element.scrollTop = active < 0 ? 0 : Math.max(0, active * rowHeight - clientHeight / 2)
      return
    }
    if (scrollTop === 0) return
    const first = Math.ceil(scrollTop / rowHeight)
    const inSight = (at: number) => at >= first && at * rowHeight < scrollTop + clientHeight - headHeight
    const id = lines[active]?.node.id
    const wasActive = id === undefined ? -1 : placeNear(before.lines, id, active)
    const from = inSight(wasActive) ? wasActive : first
    const anchor = before.lines[from]?.node.id
    const to = anchor === undefined ? -1 : placeNear(lines, anchor, from)
    if (to >= 0 && to !== from) element.scrollTop = scrollTop + (to - from) * rowHeight
  }, [box, lines, arrangement, active])
}

/** A row's place is mostly where it was, or not far. */
function placeNear(lines: readonly Line[], id: string, near: number): number {
  for (let away = 0; away < lines.length; away += 1) {
    if (lines[near + away]?.node.id === id) return near + away
    if (lines[near - away]?.node.id === id) return near - away
  }
  return -1
}

function Heads({ layout, axis }: { readonly layout: Layout; readonly axis: RefObject<HTMLCanvasElement | null> }) {
  const [search, setSearch] = useSearch()
  const sorting = parseSorting(search.sort)
  const head = (column: SortColumn, words: string, about: string, look: string) => {
    const direction = sorting?.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'
    return (
      <span key={column} {...roles.head(direction)} className={`min-w-0 truncate ${look}`}>
        <button
          type="button"
          title={`${about}. Sorts what stands below one another.`}
          onClick={() => setSearch({ sort: nextSort(column, search.sort) })}
          className={`whitespace-nowrap hover:text-ink ${direction === 'none' ? '' : 'text-ink'}`}
        >
          {words}
          <span aria-hidden="true">{{ none: '', ascending: ' ↑', descending: ' ↓' }[direction]}</span>
        </button>
      </span>
    )
  }
  return (
    <div
      {...roles.headRow}
      className="sticky top-0 z-10 grid items-center border-b border-line bg-panel text-xs text-faint"
      style={{ height: headHeight, gridTemplateColumns: layout.template }}
    >
      {head('name', 'name', 'Name of the task, agent or call', 'pl-4')}
      {layout.columns.map(({ name, head: words, about }) => head(name, words, about, 'px-1.5 text-right'))}
      {layout.timeline > 0 && (
        <span {...roles.head('none')} className="relative">
          <span className="sr-only">timeline, {zone()}</span>
          <span aria-hidden="true">
            <canvas ref={axis} className="block" title={zone()} />
          </span>
        </span>
      )}
    </div>
  )
}
