/** Pausing freezes what is seen, never what comes in. The flag stands in the URL: a link to a paused view opens paused. */
import { create } from 'zustand'
import { useBindings } from './keys.ts'
import { useSearch } from './search.ts'

/** Changes that came while the shown view was paused; the view counts, the badge tells. */
export const useBuffered = create<{ readonly buffered: number }>(() => ({ buffered: 0 }))

/** For a view that can be paused: binds space. Say how much waits by `useBuffered.setState({ buffered })`. */
export function usePause(): { readonly paused: boolean; readonly toggle: () => void } {
  const [{ paused }, setSearch] = useSearch()
  const toggle = () => setSearch({ paused: !paused })
  useBindings([{ keys: 'space', about: 'Pause or resume the view', run: toggle }])
  return { paused, toggle }
}
