/** Rows stay where they are while the pointer is among them, or the keys: nobody clicks on what just slid under the hand. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

/** A pointer that has not moved for so long has no hand on it; a wall's screen goes on. */
const handMs = 30_000
const keysMs = 2_000

interface Still<T> {
  readonly shown: T
  /** A key was used: hold for two seconds. */
  readonly stir: () => void
  readonly release: () => void
  /** For the element that holds the rows. */
  readonly hover: { readonly onPointerEnter: () => void; readonly onPointerMove: () => void; readonly onPointerLeave: () => void }
}

/**
 * `shown` is `value`, but while something stirs the one from before. A change of `setting` (the user's own: filter, grouping, width)
 * is always shown at once, and held from then on.
 */
export function useStill<T>(value: T, setting: string): Still<T> {
  const [still, setStill] = useState(false)
  const held = useRef({ value, setting })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const isHeld = still && held.current.setting === setting
  useEffect(() => {
    if (!isHeld) held.current = { value, setting }
  }, [isHeld, value, setting])
  useEffect(() => () => clearTimeout(timer.current), [])
  const release = useCallback(() => {
    clearTimeout(timer.current)
    setStill(false)
  }, [])
  const hold = useCallback(
    (ms: number) => {
      clearTimeout(timer.current)
      timer.current = setTimeout(release, ms)
      setStill(true)
    },
    [release],
  )
  const hover = useMemo(() => {
    const enter = () => hold(handMs)
    return { onPointerEnter: enter, onPointerMove: enter, onPointerLeave: release }
  }, [hold, release])
  const stir = useCallback(() => hold(keysMs), [hold])
  return { shown: isHeld ? held.current.value : value, stir, release, hover }
}
