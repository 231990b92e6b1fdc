/** Rows stay where they are while the pointer moves among them, or the keys: nobody clicks on what just slid under the hand. */
import { useCallback, useEffect, useRef, useState } from 'react'

const restMs = 2_000

/**
 * `shown` is `value`, but the last one from before something stirred until it has rested for two seconds.
 * A change of `setting` (the user's own: filter, grouping, width) is always shown at once.
 */
export function useStill<T>(value: T, setting: string): { readonly shown: T; readonly stir: () => void } {
  const [still, setStill] = useState(false)
  const held = useRef({ value, setting })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    if (!still) held.current = { value, setting }
  }, [still, value, setting])
  useEffect(() => () => clearTimeout(timer.current), [])
  const stir = useCallback(() => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setStill(false), restMs)
    setStill(true)
  }, [])
  return { shown: still && held.current.setting === setting ? held.current.value : value, stir }
}
