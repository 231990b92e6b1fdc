/** The tree's rows as they are shown, and what the user does with them: open, close, go from row to row. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useSearch } from '../../search.ts'
import { keptBy, type Line, linesOf, parseSorting, pathTo } from './lines.ts'
import type { Node } from './node.ts'
import { allOpen, foldText, isOpenIn, levelText, type Openness, parseFold, parseLevel, turn } from './open.ts'

/** The address follows the keys once they rest: browsers allow few changes of it a second. */
const restMs = 120

export interface Lines {
  readonly lines: readonly Line[]
  /** Rows that match a filter; undefined without one. */
  readonly matches: number | undefined
  readonly active: number
  readonly reveal: number
  /** Changes with what the user asked for, not with what came in. */
  readonly arrangement: string
  readonly openness: string
  readonly pick: (line: Line) => void
  readonly toggle: (line: Line) => void
  readonly level: (level: number) => void
  readonly go: (to: 'next' | 'previous' | 'first' | 'last' | 'parent' | 'root') => void
  /** Right: open, or to the first row below. Left: close, or to the row above it. */
  readonly sideways: (right: boolean) => void
}

export function useLines(root: Node): Lines {
  const [search, setSearch] = useSearch()
  const { q, errors, sel, sort } = search
  const [openness, setOpenness] = useState<Openness>(() => ({ level: parseLevel(search.level), turned: parseFold(search.fold) }))
  const [filterOpenness, setFilterOpenness] = useState(allOpen)
  const filter = `${errors} ${q}`
  const filtered = useMemo(() => keptBy(root, q, errors), [root, q, errors])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was closed by hand is another filter's
  useEffect(() => setFilterOpenness(allOpen), [filter])
  const shownOpenness = filtered === undefined ? openness : filterOpenness
  const lines = useMemo(
    () => linesOf(root, { isOpen: isOpenIn(shownOpenness), sorting: parseSorting(sort), kept: filtered?.kept }),
    [root, shownOpenness, sort, filtered],
  )

  const [activeId, setActiveId] = useState('')
  const [reveal, setReveal] = useState(0)
  const active = useMemo(() => {
    const at = activeId === '' ? -1 : lines.findIndex(({ node }) => node.id === activeId)
    return at >= 0 || sel === '' ? at : lines.findIndex(({ node }) => node.sel === sel)
  }, [lines, activeId, sel])

  const written = useRef(sel)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const activate = useCallback(
    ({ node }: Line, atOnce = false) => {
      setActiveId(node.id)
      setReveal((times) => times + 1)
      clearTimeout(timer.current)
      const write = () => {
        written.current = node.sel
        setSearch({ sel: node.sel })
      }
      if (atOnce) write()
      else timer.current = setTimeout(write, restMs)
    },
    [setSearch],
  )

  const change = useCallback(
    (next: Openness) => {
      if (filtered !== undefined) return setFilterOpenness(next)
      setOpenness(next)
      setSearch({ level: levelText(next.level), fold: foldText(next.turned) })
    },
    [filtered, setSearch],
  )
  useReveal(root, sel, written, shownOpenness, change, (node) => {
    setActiveId(node.id)
    setReveal((times) => times + 1)
  })

  const latest = useRef({ lines, active, openness: shownOpenness })
  latest.current = { lines, active, openness: shownOpenness }
  const pick = useCallback((line: Line) => activate(line, true), [activate])
  const toggle = useCallback((line: Line) => change(turn(latest.current.openness, [line.node.id])), [change])
  const to = (at: number) => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, at))]
    if (line !== undefined) activate(line)
  }
  const parentOf = (at: number): number => {
    const depth = lines[at]?.depth ?? 0
    for (let i = at - 1; i >= 0; i -= 1) if ((lines[i]?.depth ?? 0) < depth) return i
    return 0
  }
  return {
    lines,
    matches: filtered?.matches,
    active,
    reveal,
    arrangement: `${sort} ${filter}`,
    openness: `${shownOpenness.level} ${shownOpenness.turned.size} ${[...shownOpenness.turned].at(-1) ?? ''}`,
    pick,
    toggle,
    level: (level) => change({ level, turned: new Set() }),
    go(where) {
      switch (where) {
        case 'next':
          return to(active + 1)
        case 'previous':
          return to(active < 0 ? lines.length - 1 : active - 1)
        case 'first':
        case 'root':
          return to(0)
        case 'last':
          return to(lines.length - 1)
        case 'parent':
          return to(parentOf(Math.max(0, active)))
      }
    },
    sideways(right) {
      const line = lines[active]
      if (line === undefined) return to(0)
      if (right) {
        if (line.open === false) toggle(line)
        else if (line.open === true) to(active + 1)
      } else if (line.open === true) toggle(line)
      else to(parentOf(active))
    },
  }
}

/** What the address selects is shown: what stands above it is opened, as soon as it is there. */
function useReveal(
  root: Node,
  sel: string,
  written: { current: string },
  openness: Openness,
  change: (next: Openness) => void,
  found: (node: Node) => void,
): void {
  // What a link selects is looked for from the beginning; what is selected here stands in sight.
  const wanted = useRef(sel)
  if (sel !== written.current) {
    wanted.current = sel
    written.current = sel
  }
  useEffect(() => {
    if (wanted.current === '') return
    const path = pathTo(root, (node) => node.sel === wanted.current)
    const node = path.at(-1)
    if (node === undefined) return
    wanted.current = ''
    const isOpen = isOpenIn(openness)
    const closed = path.slice(0, -1).filter((above, depth) => !isOpen(above, depth))
    if (closed.length > 0)
      change(
        turn(
          openness,
          closed.map(({ id }) => id),
        ),
      )
    found(node)
  })
}
