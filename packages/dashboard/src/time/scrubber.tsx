/** The bar itself: a slider over the window, with what happened drawn under it and what stands out above it. */
import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { serverNow } from '../live/live.ts'
import { travelTo, useTravel } from '../live/past.ts'
import { age, clock, dateTime } from '../text.ts'
import { useTheme } from '../theme.ts'
import { drawStrip } from './draw.ts'
import { clustersOf } from './marks.ts'
import { pause } from './play.ts'
import type { MarkKind, Timeline } from './timeline.ts'
import { type TimeWindow, ticksOf } from './window.ts'

/** Told apart by their shape first. */
const shapes: Readonly<Record<MarkKind, readonly [shape: string, tone: string]>> = {
  failed: ['✕', 'text-bad'],
  lost: ['○', 'text-bad'],
  stuck: ['‖', 'text-wait'],
  alert: ['!', 'text-bad'],
  restart: ['↻', 'text-good'],
}
const markPx = 14
const smallSteps = 120
const bigSteps = 10
/** Nearer to now than this is live. */
const liveWithinMs = 250
/** A step back from live is into the past, however short the window is. */
const leastStepMs = 2 * liveWithinMs

interface Props {
  readonly window: TimeWindow
  readonly timeline: Timeline | undefined
}

export function Scrubber({ window, timeline }: Props) {
  const at = useTravel(({ at }) => at)
  const { theme } = useTheme()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [hover, setHover] = useState<number>()
  const length = Math.max(1, window.until - window.since)
  const shareOf = (time: number) => Math.min(1, Math.max(0, (time - window.since) / length))

  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const watch = new ResizeObserver(() => setWidth(element.clientWidth))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  useLayoutEffect(() => {
    void theme
    void width
    if (canvas.current !== null) drawStrip(canvas.current, timeline, window)
  }, [timeline, window, width, theme])

  const goTo = (time: number) => {
    pause()
    const now = serverNow()
    travelTo(time >= now - liveWithinMs ? undefined : Math.round(Math.max(time, timeline?.oldest ?? 0)))
  }
  const timeAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    return window.since + Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width))) * length
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const from = at ?? serverNow()
    const small = Math.max(length / smallSteps, leastStepMs) * (event.shiftKey ? 10 : 1)
    const big = Math.max(length / bigSteps, leastStepMs)
    const target: Readonly<Record<string, number>> = {
      ArrowLeft: from - small,
      ArrowDown: from - small,
      ArrowRight: from + small,
      ArrowUp: from + small,
      PageDown: from - big,
      PageUp: from + big,
      Home: window.since,
      End: Number.POSITIVE_INFINITY,
    }
    const time = target[event.key]
    if (time === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    goTo(time)
  }

  const isLong = length > 86_400_000
  const said = (time: number) => (isLong ? dateTime(time).slice(5, 16) : clock(time))
  const shown = at ?? serverNow()
  return (
    <div className="relative select-none pt-4">
      <div className="absolute inset-x-0 top-0 h-4">
        {clustersOf(timeline?.marks ?? [], window, Math.max(1, Math.floor(width / markPx))).map(({ at: time, kind, count, title }) => (
          <button
            key={time}
            type="button"
            tabIndex={-1}
            title={title}
            aria-label={title}
            onClick={() => goTo(time)}
            style={{ left: `${shareOf(time) * 100}%` }}
            className={`absolute -translate-x-1/2 px-0.5 text-[11px] font-bold leading-4 hover:text-ink ${shapes[kind][1]}`}
          >
            {shapes[kind][0]}
            {count > 1 && <sup className="text-[8px]">{count > 99 ? '99+' : count}</sup>}
          </button>
        ))}
      </div>
      <div
        role="slider"
        tabIndex={0}
        aria-label="Moment"
        aria-valuemin={Math.floor(window.since)}
        aria-valuemax={Math.ceil(window.until)}
        aria-valuenow={Math.round(Math.min(window.until, Math.max(window.since, shown)))}
        aria-valuetext={at === undefined ? 'live' : `${dateTime(at).slice(0, 19)}, ${age(serverNow() - at)} ago`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          goTo(timeAt(event))
        }}
        onPointerMove={(event) => {
          setHover(timeAt(event))
          if (event.currentTarget.hasPointerCapture(event.pointerId)) goTo(timeAt(event))
        }}
        onPointerLeave={() => setHover(undefined)}
        className="relative h-11 cursor-ew-resize touch-none rounded border border-line bg-page"
      >
        <canvas ref={canvas} className="absolute inset-0 size-full" />
        {at !== undefined && (
          <span
            aria-hidden="true"
            data-testid="playhead"
            style={{ left: `${shareOf(at) * 100}%` }}
            className="pointer-events-none absolute -top-1 -bottom-1 w-0.5 -translate-x-1/2 bg-wait before:absolute before:-top-1 before:left-1/2 before:size-2.5 before:-translate-x-1/2 before:rotate-45 before:bg-wait"
          />
        )}
        {hover !== undefined && (
          <span
            aria-hidden="true"
            style={{ left: `${shareOf(hover) * 100}%` }}
            className="pointer-events-none absolute inset-y-0 w-px bg-faint"
          >
            <span
              className={`absolute top-1 whitespace-nowrap rounded bg-raised px-1.5 py-0.5 text-[11px] tabular-nums text-ink shadow ${shareOf(hover) > 0.8 ? 'right-1.5' : 'left-1.5'}`}
            >
              {said(hover)}
              <Counted timeline={timeline} at={hover} />
            </span>
          </span>
        )}
      </div>
      <div aria-hidden="true" className="relative h-4 overflow-hidden text-[10px] tabular-nums text-faint">
        {ticksOf(window, Math.max(2, Math.floor(width / 90))).map((tick) => (
          <span key={tick} style={{ left: `${shareOf(tick) * 100}%` }} className="absolute -translate-x-1/2 whitespace-nowrap">
            {said(tick)}
          </span>
        ))}
      </div>
    </div>
  )
}

function Counted({ timeline, at }: { readonly timeline: Timeline | undefined; readonly at: number }) {
  if (timeline === undefined) return null
  const bucket = timeline.buckets[Math.floor((at - timeline.since) / timeline.step)]
  if (bucket === undefined) return null
  const about = timeline.truncated ? '~' : ''
  return (
    <span className="text-soft">
      {` · ${bucket.events.toLocaleString('en')} events`}
      {bucket.errors > 0 && <span className="text-bad">{` · ${about}${bucket.errors} errors`}</span>}
      {bucket.delegations > 0 && ` · ${about}${bucket.delegations} delegations`}
    </span>
  )
}
