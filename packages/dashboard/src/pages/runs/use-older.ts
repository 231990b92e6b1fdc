/** Older runs for the page that lists them: read when asked for, held until it is left. */
import type { RunRow, Table } from '@signalbox/model/rows.ts'
import { useEffect, useRef, useState } from 'react'
import { fetchJson, store as liveStore, useShown, useTruncated } from '../../live/live.ts'
import type { WantedRuns } from './list.ts'
import { mostOlder, type Places, placeKey, placeOf, readOlder } from './older.ts'

/** What was read is told this often at most: the list is put in order anew. */
const tellMs = 300

interface Held {
  /** Of the feed's snapshot beside which they were read: another may lack what this one had, and what had changed. */
  readonly beside: readonly Table[]
  readonly runs: ReadonlyMap<string, RunRow>
  readonly places: Places
  /** How the newest press goes or went, and for which filters. */
  readonly press?: Press | undefined
}

interface Press {
  readonly key: string
  readonly isReading: boolean
  readonly looked: number
  readonly found: number
  readonly problem?: string | undefined
}

export interface OlderRuns {
  readonly runs: ReadonlyMap<string, RunRow>
  /** All that there are were read, whatever passes. */
  readonly isAll: boolean
  /** Undefined: there is nothing to read, or the page shows a past moment, of which the server has no list. */
  readonly offer: OlderOffer | undefined
}

export interface OlderOffer {
  readonly state: 'more' | 'reading' | 'ended' | 'full'
  readonly looked: number
  /** The newest press read as far as one may, and found nothing. */
  readonly inVain: boolean
  readonly problem: string | undefined
  readonly read: () => void
}

const noRuns: ReadonlyMap<string, RunRow> = new Map()
const noPlaces: Places = new Map()

export function useOlderRuns(wanted: WantedRuns): OlderRuns {
  const isPast = useShown(({ at }) => at !== undefined)
  const truncated = useTruncated(liveStore)
  const [found, setHeld] = useState<Held>({ beside: truncated, runs: noRuns, places: noPlaces })
  const held: Held = found.beside === truncated ? found : { beside: truncated, runs: noRuns, places: noPlaces }
  const isLeft = useRef(false)
  useEffect(() => {
    isLeft.current = false
    return () => {
      isLeft.current = true
    }
  }, [])
  if (isPast || !truncated.includes('runs')) return { runs: noRuns, isAll: false, offer: undefined }

  const key = placeKey(wanted)
  const place = placeOf(held.places, wanted)
  const { press } = held
  const own = press?.key === key ? press : undefined

  const read = async () => {
    if (press?.isReading === true || place === null || held.runs.size >= mostOlder) return
    let now: Held = { ...held, press: { key, isReading: true, looked: 0, found: 0 } }
    let toldAt = 0
    /** False when nobody wants it any more, or another snapshot came. */
    const tell = () => {
      if (isLeft.current || liveStore.truncated() !== truncated) return false
      setHeld(now)
      toldAt = performance.now()
      return true
    }
    const end = (problem?: string) => {
      if (now.press !== undefined) now = { ...now, press: { ...now.press, isReading: false, problem } }
      tell()
    }
    tell()
    try {
      const runs = new Map(held.runs)
      const isFed = (id: string) => liveStore.get('runs', id) !== undefined
      const isRead = (id: string) => runs.has(id)
      for await (const step of readOlder({ place, wanted, room: mostOlder - runs.size, isFed, isRead, readPage: fetchJson })) {
        for (const run of step.runs) runs.set(run.id, run)
        now = {
          ...now,
          runs: step.runs.length === 0 ? now.runs : new Map(runs),
          places: new Map(now.places).set(key, step.place),
          press: { key, isReading: true, looked: step.looked, found: step.found },
        }
        if (performance.now() - toldAt >= tellMs && !tell()) return
      }
      end()
    } catch (error) {
      end((error as Error).message)
    }
  }
  return {
    runs: held.runs,
    isAll: placeOf(held.places, { q: '', status: '', errors: false }) === null,
    offer: {
      state: press?.isReading === true ? 'reading' : place === null ? 'ended' : held.runs.size >= mostOlder ? 'full' : 'more',
      looked: press?.looked ?? 0,
      inVain: own !== undefined && own.found === 0 && own.looked > 0,
      problem: own?.problem,
      read: () => void read(),
    },
  }
}
