/** The moment in the address and the moment that is shown are one; while it is dragged or played the address follows a little later. */
import { useEffect, useRef } from 'react'
import { travelTo, useTravel } from '../live/past.ts'
import { useSearch } from '../search.ts'

const writeEveryMs = 250
/** Of what was written here the address may still have an older one. */
const mostWritten = 8

export function useMomentInAddress(): void {
  const [{ at: linked }, setSearch] = useSearch()
  const at = useTravel(({ at }) => at)
  const written = useRef<(number | undefined)[]>([])
  const isFirst = useRef(true)
  useEffect(() => {
    const isOurs = written.current.includes(linked)
    if (isFirst.current ? linked !== undefined : !isOurs && linked !== useTravel.getState().at) travelTo(linked)
    isFirst.current = false
  }, [linked])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const write = useRef(() => {})
  write.current = () => {
    timer.current = undefined
    const now = useTravel.getState().at
    written.current = [...written.current, now].slice(-mostWritten)
    setSearch(now === undefined ? { at: now } : { at: now, paused: false })
  }
  const shown = useRef(at)
  useEffect(() => {
    if (shown.current === at) return
    shown.current = at
    timer.current ??= setTimeout(() => write.current(), writeEveryMs)
  }, [at])
  useEffect(() => () => clearTimeout(timer.current), [])
}
