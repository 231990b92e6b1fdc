/**
 * Time travel: which past moment the page shows, and the rows of it. The address says the moment (`at`); rows are asked for one moment at a
 * time, the newest wanted next, and what is shown stays until they are here. Nothing is executed, and live rows keep coming in behind.
 */
import type { LiveRow, RemovedRow, ServerFrame } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'
import { create } from 'zustand'
import { fetchWithKey } from './key.ts'
import { store as liveStore, useShown } from './live.ts'
import { createLiveStore, type LiveStore } from './store.ts'

interface Problem {
  /** `HISTORY_GONE` where the moment is no longer kept; undefined where the server was not reached. */
  readonly code: string | undefined
  readonly detail: string
}

interface Travel {
  /** The moment that is wanted, epoch ms by the server's clock; undefined: live. */
  readonly at: number | undefined
  readonly seeking: boolean
  /** Of the newest seek that ended. */
  readonly problem: Problem | undefined
  /** Of the rows shown: two moments with the same one are the same. */
  readonly cursor: string
}

const linked = Number(new URLSearchParams(location.search).get('at') ?? Number.NaN)
const atFirst = Number.isSafeInteger(linked) ? linked : undefined

export const useTravel = create<Travel>(() => ({ at: atFirst, seeking: false, problem: undefined, cursor: '' }))

interface Rows {
  readonly cursor: string
  /** Of the moment that the rows differ from; absent: these are all rows. */
  readonly since?: string
  readonly rows: readonly LiveRow[]
  readonly removed?: readonly RemovedRow[]
  readonly truncated?: readonly Table[]
}

/** Absent: the fleet's. */
interface Wanted {
  readonly run?: string
  readonly task?: string
}

/** `since`: the cursor of the rows that are here. */
async function rowsAt(at: number, { run, task }: Wanted, since: string | undefined, signal: AbortSignal): Promise<Rows | Problem> {
  const query = new URLSearchParams({ at: new Date(at).toISOString() })
  for (const [name, value] of Object.entries({ run, task, since })) if (value !== undefined) query.set(name, value)
  try {
    const response = await fetchWithKey(`/v1/state/rows?${query}`, { signal })
    const body = (await response.json()) as Rows & { readonly code?: string; readonly detail?: string }
    if (response.ok) return body
    return { code: body.code, detail: body.detail ?? `The server answered ${response.status}.` }
  } catch {
    return { code: undefined, detail: 'The server was not reached.' }
  }
}

/** One that takes longer than this is given up for a newer one; else it is shown on the way there. */
const patientMs = 400

/** One request at a time, the newest moment next; the rows come into the store, of which the next moment is told as what differs. */
export function createSeeker(
  wanted: Wanted,
  store: LiveStore,
  show: (at: number, cursor: string) => void,
  fail: (at: number, problem: Problem) => void,
) {
  let under: { readonly control: AbortController; readonly since: number } | undefined
  let next: number | undefined
  let stopped = false
  async function go(at: number) {
    const control = new AbortController()
    under = { control, since: performance.now() }
    const found = await rowsAt(at, wanted, store.cursor(), control.signal)
    under = undefined
    if (stopped) return
    if ('rows' in found) {
      store.push(frameOf(found))
      show(at, found.cursor)
    } else if (!control.signal.aborted) fail(at, found)
    const then = next
    next = undefined
    if (then !== undefined && then !== at) await go(then)
  }
  return {
    seek(at: number) {
      if (under === undefined) void go(at)
      else {
        next = at
        if (performance.now() - under.since > patientMs) under.control.abort()
      }
    },
    stop() {
      stopped = true
      under?.control.abort()
    },
  }
}

export const pastStore = () => createLiveStore((flush) => flush())
/** The fleet's rows of the moment. */
const rows = pastStore()
if (atFirst !== undefined) useShown.setState({ store: rows, at: atFirst })

const frameOf = ({ cursor, since, rows, removed = [], truncated = [] }: Rows): ServerFrame =>
  since === undefined
    ? { kind: 'snapshot', sub: 'past', cursor, rows, last: true, truncated }
    : { kind: 'delta', sub: 'past', from: since, cursor, rows, removed }

let seeker = fleetSeeker()
function fleetSeeker() {
  return createSeeker(
    {},
    rows,
    (at, cursor) => {
      const wanted = useTravel.getState().at
      useShown.setState({ store: rows, at })
      useTravel.setState({ seeking: wanted !== at, problem: undefined, cursor })
    },
    (at, problem) => useTravel.setState({ seeking: useTravel.getState().at !== at, problem }),
  )
}

/** Goes to a moment of the past, or back to what is live. */
export function travelTo(at: number | undefined): void {
  if (at === undefined) {
    seeker.stop()
    seeker = fleetSeeker()
    useTravel.setState({ at, seeking: false, problem: undefined, cursor: '' })
    useShown.setState({ store: liveStore, at: undefined })
    return
  }
  useTravel.setState({ at, seeking: true })
  seeker.seek(at)
}

/** The next or previous event that stands out, seen from a moment; undefined: there is none. */
export async function stepFrom(
  at: number,
  direction: 'next' | 'previous',
  kind: 'error' | 'delegation' | 'any',
): Promise<{ readonly at: number; readonly what: string } | Problem | undefined> {
  try {
    const response = await fetchWithKey(`/v1/events/step?at=${new Date(at).toISOString()}&direction=${direction}&kind=${kind}`)
    const body = (await response.json()) as {
      readonly event?: { readonly type: string; readonly agent?: string; readonly task?: string }
      readonly committedAt?: string
      readonly truncated?: boolean
      readonly reached?: string
      readonly code?: string
      readonly detail?: string
    }
    if (!response.ok) return { code: body.code, detail: body.detail ?? `The server answered ${response.status}.` }
    const { event, committedAt } = body
    if (event === undefined || committedAt === undefined) {
      if (body.truncated === true && body.reached !== undefined)
        return { at: Date.parse(body.reached), what: 'looked this far without finding one; step again to go on' }
      return undefined
    }
    return { at: Date.parse(committedAt), what: [event.type, event.agent, event.task].filter(Boolean).join(' · ') }
  } catch {
    return { code: undefined, detail: 'The server was not reached.' }
  }
}
