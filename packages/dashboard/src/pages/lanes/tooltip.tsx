import { taskLook } from '../../parts/status.tsx'
import { spanOf, clock as timeOf } from '../../text.ts'
import { endOf } from './layout.ts'
import type { Hit } from './place.ts'
import type { TimeMap } from './time-map.ts'
import { isWithin } from './waits.ts'

const width = 280

/** What the pointer is over. The inspector says the same and more to who uses keys. */
export function Tooltip({
  hit,
  x,
  y,
  at,
  clock,
  map,
}: {
  readonly hit: Hit
  readonly x: number
  readonly y: number
  /** Time under the pointer, as drawn. */
  readonly at: number
  readonly clock: () => number
  readonly map: TimeMap
}) {
  const thing = hit.kind === 'bar' ? hit.bar : hit.mark
  const end = endOf(thing, hit.lane.goneAt, clock())
  const look = hit.kind === 'bar' ? taskLook(hit.bar.state) : undefined
  const kind = hit.kind === 'bar' ? 'task' : hit.strip === 'models' ? 'model call' : 'tool call'
  const outcome = hit.kind === 'bar' ? look?.words : hit.mark.to === undefined ? 'running' : hit.mark.failed ? 'failed' : 'finished'
  return (
    <div
      role="tooltip"
      className="pointer-events-none fixed z-20 rounded-md border border-line bg-raised px-3 py-2 text-xs shadow-lg"
      style={{ width, left: Math.min(x + 14, innerWidth - width - 8), top: y + 130 > innerHeight ? y - 90 : y + 16 }}
    >
      <p className="line-clamp-2 break-words font-medium">{thing.label}</p>
      <p className="mt-0.5 text-soft">
        {kind} · {outcome}
        {hit.kind === 'bar' && hit.bar.worked && isWithin(hit.lane.waits, at) && ' · waits for its workers here'}
        {hit.kind === 'bar' && hit.bar.contradicted && <span className="text-wait"> · ⚠ contradicted later</span>}
      </p>
      <p className="text-faint">
        {timeOf(map.back(thing.from))} – {thing.to === undefined ? 'now' : timeOf(map.back(end))} ·{' '}
        {spanOf(map.back(end) - map.back(thing.from))}
      </p>
    </div>
  )
}
