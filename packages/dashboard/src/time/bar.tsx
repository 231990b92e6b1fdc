/** Where the page stands in time: nothing while it is live, a scrubber when it is opened, and a banner that nobody misses in the past. */
import { lazy, Suspense, useEffect } from 'react'
import { useBindings } from '../keys.ts'
import { travelTo, useTravel } from '../live/past.ts'
import { useSearch } from '../search.ts'
import { clock } from '../text.ts'
import { Banner } from './banner.tsx'
import { useMomentInAddress } from './moment.ts'
import { PassingNotice } from './notice.tsx'
import { pause, play, step, usePlay } from './play.ts'

const Panel = lazy(() => import('./panel.tsx').then(({ Panel }) => ({ default: Panel })))
const group = 'Time travel'

export function TimeBar() {
  useMomentInAddress()
  const at = useTravel(({ at }) => at)
  const playing = usePlay(({ playing }) => playing)
  const [{ travel }, setSearch] = useSearch()
  const live = () => {
    pause()
    travelTo(undefined)
  }
  useBindings([
    { keys: 'T', group, about: travel ? 'Close the bar of time' : 'Open the bar of time', run: () => setSearch({ travel: !travel }) },
    { keys: '[', group, about: 'To the event before', run: () => void step('previous', 'any') },
    { keys: ']', group, about: 'To the next event', run: () => void step('next', 'any') },
    { keys: '{', group, about: 'To the error before', run: () => void step('previous', 'error') },
    { keys: '}', group, about: 'To the next error', run: () => void step('next', 'error') },
    { keys: '<', group, about: 'To the delegation before', run: () => void step('previous', 'delegation') },
    { keys: '>', group, about: 'To the next delegation', run: () => void step('next', 'delegation') },
    ...(at === undefined
      ? []
      : [
          { keys: 'L', group, about: 'Back to live', run: live },
          { keys: 'P', group, about: playing ? 'Stop the past' : 'Play the past', run: playing ? pause : play },
        ]),
  ])
  useTitle(at)
  return (
    <div className="relative shrink-0">
      {/* Spoken when the past begins and ends, and not with each moment. */}
      <output aria-live="polite" className="sr-only">
        {at === undefined ? '' : 'You are viewing the past. Nothing here is live. Press capital L to go back to live.'}
      </output>
      {at !== undefined && <Banner at={at} live={live} tells={!travel} />}
      {travel ? (
        <Suspense fallback={<div className="h-28 border-b border-line bg-panel" />}>
          <Panel />
        </Suspense>
      ) : (
        at === undefined && <PassingNotice />
      )}
      {at !== undefined && (
        <div aria-hidden="true" data-testid="past-frame" className="pointer-events-none fixed inset-0 z-50 border-4 border-wait" />
      )}
    </div>
  )
}

/** Before whatever title the screen gives, so that a tab of the past is told from a live one. */
function useTitle(at: number | undefined): void {
  const prefix = at === undefined ? '' : `Past ${clock(at)} · `
  useEffect(() => {
    if (prefix === '') return
    const put = () => {
      const bare = document.title.replace(/^Past [^·]* · /, '')
      if (document.title !== prefix + bare) document.title = prefix + bare
    }
    put()
    const watch = new MutationObserver(put)
    const title = document.querySelector('title')
    if (title !== null) watch.observe(title, { childList: true })
    return () => {
      watch.disconnect()
      document.title = document.title.replace(/^Past [^·]* · /, '')
    }
  }, [prefix])
}
