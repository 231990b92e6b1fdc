/** What comes in, what of it is held and shown, and what is not: renewed twice a second, whatever comes. */
import { useEffect, useRef, useState } from 'react'
import { compact, visible, whole } from '../../text.ts'
import type { Asked } from './asked.ts'
import { mostLines } from './buffer.ts'
import type { Counters, Intake } from './intake.ts'

const everyMs = 500
/** A rate is of this long. */
const overMs = 2_000

interface Seen {
  readonly at: number
  readonly counters: Counters
  readonly held: number
}
const perSecond = (count: number, ms: number) => (ms <= 0 ? 0 : (count * 1_000) / ms)
const rate = (value: number) => (value >= 10 || value === 0 ? compact(Math.round(value)) : value.toFixed(1))

export function Strip({
  intake,
  asked,
  paused,
  isPast,
}: {
  readonly intake: Intake
  readonly asked: Asked
  readonly paused: boolean
  readonly isPast: boolean
}) {
  const seen = useRef<Seen[]>([])
  const [, renew] = useState(0)
  useEffect(() => {
    seen.current = []
    const look = () => {
      const at = performance.now()
      seen.current = [...seen.current.filter((one) => at - one.at <= overMs), { at, counters: intake.counters(), held: intake.held() }]
      renew((n) => n + 1)
    }
    const stop = intake.watch(() => seen.current.length < 2 && look())
    const timer = setInterval(look, everyMs)
    return () => {
      stop()
      clearInterval(timer)
    }
  }, [intake])
  const { received, wanted, skipped, gaps } = intake.counters()
  const first = seen.current[0]
  const ms = first === undefined ? 0 : performance.now() - first.at
  const since = first?.counters ?? { received, wanted, skipped, gaps }
  const oneIn = intake.sampler.oneIn('wanted')
  const left = intake.left()
  const held = intake.held()
  const { view } = intake
  const lines = view.lines().length
  const waiting = view.waiting()
  const state = intake.state()
  return (
    <footer className="flex flex-wrap items-center gap-x-4 gap-y-0.5 border-t border-line bg-panel px-4 py-1 max-md:px-3 text-xs tabular-nums text-faint">
      <output>
        {paused && <span className="text-wait">paused · {whole(waiting)} buffered · resume (space)</span>}
        {!paused && !isPast && view.isHeld() && (
          <span className="text-wait">held while you read · {whole(waiting)} buffered · newest (l)</span>
        )}
        {!paused && !isPast && !view.isHeld() && state === 'open' && <span className="text-good">following</span>}
        {!isPast && state !== undefined && state !== 'open' && <span className="text-bad"> not receiving; what came stays</span>}
        {isPast && <span className="text-wait">up to the moment shown</span>}
      </output>
      {!isPast && (
        <span data-testid="rate">
          {rate(perSecond(received - since.received, ms))}/s received
          {asked.byPage !== '' && ` · ${rate(perSecond(wanted - since.wanted, ms))}/s match`}
        </span>
      )}
      {oneIn > 1 && (
        <span data-testid="sampled" className="text-wait">
          showing 1 in {oneIn}
          {intake.sampler.oneIn('errors') > 1 ? `, of errors 1 in ${intake.sampler.oneIn('errors')}` : ', every error'}
        </span>
      )}
      {oneIn <= 1 && skipped > 0 && (
        <span>
          {compact(skipped)} of {compact(received)} not held: they came too fast
        </span>
      )}
      {gaps > 0 && (
        <span className="text-bad">
          {whole(gaps)} {gaps === 1 ? 'gap' : 'gaps'}
        </span>
      )}
      <span className="ml-auto truncate">
        {[
          asked.byServer === '' ? '' : `server filters ${visible(asked.byServer)}`,
          asked.byPage === '' ? '' : `page filters ${visible(asked.byPage)}`,
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </span>
      <span data-testid="held">
        {lines === view.all().length ? '' : `${whole(lines)} of `}
        {whole(view.all().length)} shown
        {left > 0 && ` · ${compact(left)} older left the buffer`}
      </span>
      <span className="flex items-center gap-1.5 max-md:hidden" title={`${whole(held)} of ${whole(mostLines)} lines`}>
        buffer
        <meter aria-label="Buffer fill" className="h-1.5 w-14" min={0} max={mostLines} value={held} />
        {Math.round((100 * held) / mostLines)}%
      </span>
    </footer>
  )
}
