import { useEffect, useMemo, useRef, useState } from 'react'
import { later } from './schedule.ts'
import { goOn, sliced, type Work } from './slices.ts'

/**
 * What `make` comes to. It is made anew whenever `make` is another function; where that takes longer than a slice, what was made before is
 * shown until it is whole. What is little is there at once.
 */
export function useSliced<T extends object>(make: () => Work<T>): T {
  const [, renew] = useState(0)
  const held = useRef<T>(undefined)
  const work = useMemo(() => sliced(make(), () => performance.now()), [make])
  const step = () => (work.step() ? work.value() : held.current)
  let shown = step()
  // Before anything was made there is nothing to show meanwhile.
  while (shown === undefined) shown = step()
  held.current = shown
  const isWhole = work.value() !== undefined
  useEffect(() => (isWhole ? undefined : goOn(work, later, () => renew((times) => times + 1))), [work, isWhole])
  return shown
}
