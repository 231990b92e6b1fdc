/** Says that the page shows the past, which moment of it, and how to get back. */
import { useEffect, useState } from 'react'
import { serverNow } from '../live/live.ts'
import { useTravel } from '../live/past.ts'
import { age, clock, dateTime } from '../text.ts'
import { Notice } from './notice.tsx'

interface BannerProps {
  readonly at: number
  readonly live: () => void
  /** What came of a step, where the bar of time does not tell it. */
  readonly tells: boolean
}

export function Banner({ at, live, tells }: BannerProps) {
  const { seeking, problem } = useTravel()
  const now = useServerClock()
  return (
    <section
      aria-label="Viewing the past"
      data-testid="past"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b-2 border-wait bg-wait/15 px-4 py-1.5 max-md:px-3"
    >
      <strong className="rounded bg-wait px-2 py-0.5 text-page">Viewing the past</strong>
      <span className="tabular-nums" title={new Date(at).toISOString()}>
        {now - at > 43_200_000 ? dateTime(at).slice(0, 19) : clock(at)} <span className="max-md:hidden">({age(now - at)} ago)</span>
      </span>
      <span className="text-soft max-lg:hidden">nothing here is live, nothing is executed again</span>
      {tells && <Notice />}
      {problem !== undefined && (
        <span role="alert" className="text-bad">
          {problem.code === 'HISTORY_GONE' ? 'This moment is no longer kept. ' : 'This moment could not be read. '}
          {problem.detail}
        </span>
      )}
      <span className="ml-auto flex items-center gap-3">
        <span aria-hidden="true" className={`text-xs text-faint max-md:hidden ${seeking ? '' : 'invisible'}`}>
          reading …
        </span>
        <button
          type="button"
          onClick={live}
          className="rounded-md border border-wait bg-panel px-2.5 py-0.5 font-medium max-md:py-1 text-ink hover:bg-raised"
        >
          Back to live <kbd className="ml-1 rounded border border-line px-1 font-mono text-[10px] text-soft max-md:hidden">L</kbd>
        </button>
      </span>
    </section>
  )
}

/** The server's time, once a second: the page's own clock stands still in the past. */
function useServerClock(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
