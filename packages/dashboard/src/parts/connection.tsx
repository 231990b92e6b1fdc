import { useConnection, useNow } from '../live/live.ts'
import { age } from '../text.ts'

const names = { ws: 'WebSocket', sse: 'SSE', poll: 'long poll' } as const

/** Always tells the transport, the age of the newest event, and why the page is not live when it is not. */
export function ConnectionBadge() {
  const { status, newestAt, heardAt } = useConnection()
  const now = useNow()
  const live = status.state === 'open'
  const newest = newestAt === 0 ? 'no events yet' : `newest event ${age(now - newestAt)} ago`
  const words = live
    ? `live · ${names[status.transport]}`
    : heardAt === 0
      ? 'connecting …'
      : `offline · last heard ${age(now - status.clockOffsetMs - heardAt)} ago`
  return (
    <output
      aria-live="polite"
      data-testid="connection"
      title={status.reason ?? ''}
      className="flex items-center gap-2 rounded-full border border-line bg-panel px-3 py-1 text-xs text-soft"
    >
      <span aria-hidden="true" className={`size-2 rounded-full ${live ? 'bg-good breathe' : 'bg-bad'}`} />
      <span className={live ? 'text-ink' : 'text-bad'}>{words}</span>
      <span aria-hidden="true" className="text-faint">
        {live ? newest : (status.reason ?? '')}
      </span>
    </output>
  )
}
