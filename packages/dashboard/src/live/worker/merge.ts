/** Several frames of a feed as fewer that say the same: what a page that was busy still needs to know. */
import type { LiveRow, RemovedRow, ServerFrame } from '@signalbox/model/live.ts'

type Delta = Extract<ServerFrame, { kind: 'delta' }>
type Gap = Extract<ServerFrame, { kind: 'gap' }>
type Moving = Extract<ServerFrame, { kind: 'delta' | 'events' | 'heartbeat' }>

const nameOf = ({ table, key, partition }: RemovedRow) => `${table}\u001e${partition}\u001e${key}`

/** The newest row of each key that any of them changed; `removed` are those whose last word was that they are gone. */
function mergeDeltas(deltas: readonly Delta[]): Pick<Delta, 'rows' | 'removed'> {
  const rows = new Map<string, LiveRow>()
  const removed = new Map<string, RemovedRow>()
  // By the last change, oldest first, however the frames are grouped.
  const put = <T>(map: Map<string, T>, name: string, value: T) => {
    map.delete(name)
    map.set(name, value)
  }
  for (const delta of deltas) {
    for (const row of delta.rows) {
      const name = nameOf(row)
      put(rows, name, row)
      removed.delete(name)
    }
    for (const row of delta.removed ?? []) {
      const name = nameOf(row)
      put(removed, name, row)
      rows.delete(name)
    }
  }
  return { rows: [...rows.values()], ...(removed.size === 0 ? {} : { removed: [...removed.values()] }) }
}

/** One after the other without a hole. A heartbeat among others only lets them reach further. */
function mergeMoving(run: readonly [Moving, ...Moving[]]): Moving {
  const [first] = run
  const last = run.at(-1) ?? first
  if (first === last) return first
  const deltas = run.filter((frame) => frame.kind === 'delta')
  const events = run.filter((frame) => frame.kind === 'events')
  const reach = { sub: first.sub, from: first.from, cursor: last.cursor }
  if (deltas.length > 0) return { kind: 'delta', ...reach, ...(deltas.length === 1 ? rowsOf(deltas[0] as Delta) : mergeDeltas(deltas)) }
  if (events.length > 0) return { kind: 'events', ...reach, items: events.flatMap(({ items }) => items) }
  return { ...last, from: first.from }
}
const rowsOf = ({ rows, removed }: Delta) => ({ rows, ...(removed === undefined ? {} : { removed }) })

function mergeGaps(first: Gap, last: Gap): Gap {
  const [path = '', query] = first.fetch.split('?')
  const asked = new URLSearchParams(query)
  asked.set('until', last.cursor)
  return { ...first, cursor: last.cursor, fetch: `${path}?${asked}` }
}

const isMoving = (frame: ServerFrame | undefined): frame is Moving =>
  frame?.kind === 'delta' || frame?.kind === 'events' || frame?.kind === 'heartbeat'

/** What neither merges nor moves, a snapshot's pages and a resync, stays as it is and in its place. */
export function compact(frames: readonly ServerFrame[]): ServerFrame[] {
  const fewer: ServerFrame[] = []
  for (let i = 0; i < frames.length; ) {
    const frame = frames[i] as ServerFrame
    i += 1
    const before = fewer.at(-1)
    if (isMoving(frame)) {
      const run: [Moving, ...Moving[]] = [frame]
      for (let next = frames[i]; isMoving(next); next = frames[i]) {
        run.push(next)
        i += 1
      }
      fewer.push(mergeMoving(run))
    } else if (frame.kind === 'gap' && before?.kind === 'gap' && before.reason === frame.reason)
      fewer[fewer.length - 1] = mergeGaps(before, frame)
    else fewer.push(frame)
  }
  return fewer
}
