/** The opened bar: the scrubber, and what moves it. Loaded when it is first opened. */
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { serverNow } from '../live/live.ts'
import { travelTo, useTravel } from '../live/past.ts'
import { Copy } from '../parts/copy.tsx'
import { useSearch } from '../search.ts'
import { dateTime } from '../text.ts'
import { Notice } from './notice.tsx'
import { pause, play, speeds, step, usePlay } from './play.ts'
import { Scrubber } from './scrubber.tsx'
import { useTimeline } from './timeline.ts'
import { isSpan, type Span, spanNames, spans, type TimeWindow, windowFor } from './window.ts'

/** The live window moves on in steps, so that one answer serves a while. */
const leastStepMs = 2_000
const stepsOfWindow = 200

/** The end of a live window that moves on by so much. */
const edgeOf = (quantum: number) => Math.ceil(serverNow() / quantum) * quantum

function useWindow(span: Span, oldest: number | undefined): TimeWindow {
  const at = useTravel(({ at }) => at)
  const length = spans[span] ?? serverNow() - (oldest ?? serverNow() - spans['24h'])
  // By whole powers of two, so that a window that grows does not begin its timer anew each time.
  const quantum = leastStepMs * 2 ** Math.floor(Math.log2(Math.max(1, length / stepsOfWindow / leastStepMs)))
  const [now, setNow] = useState(() => edgeOf(quantum))
  useEffect(() => {
    const move = () => setNow(edgeOf(quantum))
    move()
    const timer = setInterval(move, leastStepMs)
    return () => clearInterval(timer)
  }, [quantum])
  const held = useRef<TimeWindow>(undefined)
  const next = windowFor(span, at, { now, oldest, held: held.current })
  // The same window is the same object: what is drawn from it is drawn once.
  if (held.current?.since !== next.since || held.current.until !== next.until) held.current = next
  return held.current
}

export function Panel() {
  const [search, setSearch] = useSearch()
  const span = isSpan(search.span) ? search.span : '15m'
  const [oldest, setOldest] = useState<number>()
  const window = useWindow(span, oldest)
  const { data: timeline, isError } = useTimeline(window)
  useEffect(() => setOldest(timeline?.oldest), [timeline?.oldest])
  const at = useTravel(({ at }) => at)
  const { playing, speed, skipsIdle } = usePlay()
  const start = () => {
    // From live there is nothing to play: the window is.
    if (at === undefined) travelTo(Math.round(Math.max(window.since, timeline?.oldest ?? window.since)))
    play()
  }
  return (
    <section aria-label="Time travel" className="border-b border-line bg-panel px-4 py-2 max-md:px-3">
      <div className="sideways flex flex-wrap items-center gap-x-3 gap-y-1.5 text-xs">
        <span className="flex items-center gap-1">
          <Press name={playing ? 'Stop' : 'Play'} press={playing ? pause : start}>
            {playing ? '❚❚' : '▶'}
          </Press>
          <label className="flex items-center gap-1 text-faint">
            <span className="sr-only">Speed</span>
            <select
              value={speed}
              onChange={(event) => usePlay.setState({ speed: Number(event.target.value) })}
              className="rounded-md border border-line bg-panel px-1 py-0.5 text-soft max-md:py-1.5"
            >
              {speeds.map((one) => (
                <option key={one} value={one}>
                  {one}×
                </option>
              ))}
            </select>
          </label>
          <label className="flex items-center gap-1 whitespace-nowrap text-soft">
            <input type="checkbox" checked={skipsIdle} onChange={(event) => usePlay.setState({ skipsIdle: event.target.checked })} />
            skip idle
          </label>
        </span>
        {(['error', 'delegation', 'any'] as const).map((kind) => {
          const name = kind === 'any' ? 'event' : kind
          return (
            <span key={kind} className="flex items-center gap-1 text-faint">
              <Press name={`Previous ${name}`} press={() => void step('previous', kind)}>
                ‹
              </Press>
              {name}
              <Press name={`Next ${name}`} press={() => void step('next', kind)}>
                ›
              </Press>
            </span>
          )
        })}
        <fieldset className="flex items-center gap-0.5 rounded-md border border-line p-0.5">
          <legend className="sr-only">How much time is shown</legend>
          {spanNames.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === span}
              onClick={() => setSearch({ span: one === '15m' ? '' : one })}
              className={`rounded px-1.5 py-0.5 max-md:py-1 ${one === span ? 'bg-raised text-ink' : 'text-soft hover:text-ink'}`}
            >
              {one}
            </button>
          ))}
        </fieldset>
        <Notice />
        <span className="ml-auto flex items-center gap-2">
          {timeline?.truncated === true && (
            <span className="text-faint" title="Errors, delegations and marks are from the newest part and samples of the rest.">
              {timeline.looked < 0.01 ? '<1' : Math.floor(timeline.looked * 100)} % looked through
            </span>
          )}
          <span className="tabular-nums text-soft max-md:hidden">{at === undefined ? 'live' : dateTime(at).slice(0, 23)}</span>
          <Copy name="copy link" text={() => linkTo(at)} />
        </span>
      </div>
      {isError && timeline === undefined ? (
        <p role="alert" className="py-4 text-sm text-bad">
          The server did not say what happened when. Moments can still be stepped to.
        </p>
      ) : (
        <Scrubber window={window} timeline={timeline} />
      )}
      {timeline !== undefined && timeline.oldest === undefined && (
        <p className="text-xs text-soft">Nothing is kept yet: the past begins with the first event.</p>
      )}
    </section>
  )
}

/** The address may be a moment behind. */
function linkTo(at: number | undefined): string {
  const url = new URL(location.href)
  if (at === undefined) url.searchParams.delete('at')
  else url.searchParams.set('at', String(at))
  return url.href
}

function Press({ name, press, children }: { readonly name: string; readonly press: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={name}
      title={name}
      onClick={press}
      className="min-h-6 min-w-6 max-md:min-h-8 max-md:min-w-8 rounded-md border border-line bg-panel px-1.5 leading-5 text-soft hover:text-ink"
    >
      <span aria-hidden="true">{children}</span>
    </button>
  )
}
