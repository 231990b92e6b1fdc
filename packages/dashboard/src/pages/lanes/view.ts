/** The shown window outside React: it moves with every frame of a drag, and stands in the address once it has come to rest. */
import { useEffect, useMemo, useRef } from 'react'
import { useSearch } from '../../search.ts'
import { type Extent, followed, parseWindow, type Window, written } from './window.ts'

/** Browsers allow few changes of the address a second. */
const restMs = 150

export interface View {
  readonly window: (extent: Extent) => Window
  readonly following: () => boolean
  /** Undefined follows live. */
  readonly move: (to: Window | undefined) => void
  /** Called when the window has moved. */
  readonly watch: (listener: () => void) => () => void
}

export function useView(): View {
  const [{ from, to }, setSearch] = useSearch()
  const write = useRef(setSearch)
  write.current = setSearch
  const { view, adopt, forget } = useMemo(() => createView((search) => write.current(search)), [])
  useEffect(() => adopt(parseWindow(from, to)), [adopt, from, to])
  useEffect(() => forget, [forget])
  return view
}

function createView(write: (search: { readonly from: number | undefined; readonly to: number | undefined }) => void) {
  const listeners = new Set<() => void>()
  let shown: Window | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (next: Window | undefined) => {
    shown = next
    for (const listener of listeners) listener()
  }
  const view: View = {
    window: (extent) => shown ?? followed(extent),
    following: () => shown === undefined,
    move(to) {
      show(to)
      clearTimeout(timer)
      timer = setTimeout(() => {
        timer = undefined
        write(shown === undefined ? { from: undefined, to: undefined } : written(shown))
      }, restMs)
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    view,
    /** What the address says, unless the hand is on the window. */
    adopt(next: Window | undefined) {
      const same =
        next === undefined ? shown === undefined : shown !== undefined && written(shown).from === next.from && written(shown).to === next.to
      if (timer === undefined && !same) show(next)
    },
    forget: () => clearTimeout(timer),
  }
}
