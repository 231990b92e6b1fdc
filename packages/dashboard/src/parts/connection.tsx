import { badgeOf } from '../live/badge.ts'
import { useConnection } from '../live/connection.ts'
import { useNow, useShown } from '../live/live.ts'
import { useRate } from '../live/schedule.ts'
import { useBuffered } from '../pause.ts'
import { useSearch } from '../search.ts'

/** It does not blink: an animation without end costs a page without a graphics card several per cent of a core. */
const dots = { good: 'bg-good', wait: 'bg-wait', bad: 'bg-bad' }
const inks = { good: 'text-ink', wait: 'text-wait', bad: 'text-bad' }

/** Always tells the transport, the age of the newest event, and why the page is not live when it is not. */
export function ConnectionBadge() {
  const connection = useConnection()
  const { buffered } = useBuffered()
  const { rate } = useRate()
  const { at } = useShown()
  const [{ paused }] = useSearch()
  const { tone, words, detail, hover } = badgeOf(connection, { paused, buffered, rate, at }, useNow())
  return (
    <div
      data-testid="connection"
      title={hover}
      className="flex items-center gap-2 whitespace-nowrap rounded-full border border-line bg-panel px-3 py-1 text-xs text-soft"
    >
      <span aria-hidden="true" className={`size-2 rounded-full ${dots[tone]}`} />
      <output aria-live="polite" className={inks[tone]}>
        {words}
      </output>
      <span className="tabular-nums text-faint max-lg:hidden">{detail}</span>
    </div>
  )
}
