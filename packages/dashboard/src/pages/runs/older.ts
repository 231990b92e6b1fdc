/** Runs that the feed's snapshot left out, page by page from the server's list: it has all of them, the newest first. */
import type { RunRow } from '@signalbox/model/rows.ts'
import { passes, runFiltersIn, states, type WantedRuns } from './list.ts'

/** As many as one press shows, about: it reads on until it found them. */
const olderRuns = 200
/** A page when the one before brought nothing to show: the newest are mostly in the feed. The list gives no more at once. */
const skippedRuns = 1_000
/** Pages that one press reads at most, however little they bring. */
export const mostPages = 100
/** Held at most. */
export const mostOlder = 20_000

/** Where the next page begins: '' at the newest run, null behind the oldest. */
export type Place = string | null

interface RunView extends Omit<RunRow, 'name' | 'startedAt' | 'finishedAt' | 'lastEventAt'> {
  readonly name?: string | undefined
  readonly startedAt: string
  readonly finishedAt?: string | undefined
  readonly lastEventAt: string
}

export interface RunsPage {
  readonly items: readonly RunView[]
  readonly next: string | null
}

const rowOf = ({ name, startedAt, finishedAt, lastEventAt, ...run }: RunView): RunRow => ({
  ...run,
  name: name === undefined ? undefined : { value: name, at: Date.parse(startedAt), by: '' },
  startedAt: Date.parse(startedAt),
  finishedAt: finishedAt === undefined ? undefined : Date.parse(finishedAt),
  lastEventAt: Date.parse(lastEventAt),
})

function pathOf(place: string, { status }: WantedRuns, limit: number): string {
  const state = states.some((one) => one === status) ? `&state=${status}` : ''
  return `/v1/runs?limit=${limit}${state}${place === '' ? '' : `&cursor=${encodeURIComponent(place)}`}`
}

/** What a press has come to so far. */
export interface Step {
  /** Of the newest page, those that the feed has not. */
  readonly runs: readonly RunRow[]
  readonly place: Place
  /** Runs that the pages had. */
  readonly looked: number
  /** Those of them that the list did not have and that pass its filters. */
  readonly found: number
}

/** `isFed`: the feed has it. `isRead`: another page brought it. `room`: how many may come. */
export interface Reading {
  readonly place: Place
  readonly wanted: WantedRuns
  readonly room: number
  readonly isFed: (id: string) => boolean
  readonly isRead: (id: string) => boolean
  readonly readPage: (path: string) => Promise<RunsPage>
}

/** Reads on from the place until it found enough, there are no more, or a bound is reached; tells after each page. */
export async function* readOlder({ place, wanted, room, isFed, isRead, readPage }: Reading): AsyncGenerator<Step> {
  let [next, looked, found, added] = [place, 0, 0, 0]
  let limit = Math.min(olderRuns, room)
  for (let pages = 0; pages < mostPages && next !== null && found < olderRuns && added < room; pages++) {
    const page: RunsPage = await readPage(pathOf(next, wanted, limit))
    const runs = page.items.filter(({ id }) => !isFed(id)).map(rowOf)
    const fresh = runs.filter(({ id }) => !isRead(id))
    next = page.next
    const shown = fresh.filter((run) => passes(run, wanted)).length
    looked += page.items.length
    found += shown
    added += fresh.length
    limit = Math.min(shown === 0 ? skippedRuns : olderRuns, room - added)
    yield { runs, place: next, looked, found }
  }
}

/** Places by what was wanted: from the newest run up to its place all that pass are held. */
export type Places = ReadonlyMap<string, Place>

const everything = ''
/** One text for what is wanted alike. */
export const placeKey = (wanted: WantedRuns): string =>
  runFiltersIn(wanted) === 0 ? everything : JSON.stringify([wanted.status, wanted.errors, wanted.q.toLowerCase().trim()])

/** Where to read on. All that was read without filters passes none that is not held: no filter begins before that. */
export function placeOf(places: Places, wanted: WantedRuns): Place {
  const all = places.get(everything)
  if (all === null) return null
  const own = places.get(placeKey(wanted))
  return own === undefined ? (all ?? '') : own
}

/** What the feed has, and behind it those that only a page brought: the feed's row is the newer one. */
export function withOlderRuns(runs: readonly RunRow[], older: ReadonlyMap<string, RunRow>): readonly RunRow[] {
  if (older.size === 0) return runs
  const fed = new Set(runs.map(({ id }) => id))
  return [...runs, ...Array.from(older.values()).filter(({ id }) => !fed.has(id))]
}
