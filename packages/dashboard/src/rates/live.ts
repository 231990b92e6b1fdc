/** The rates of the page's agents: looked at once a second from when a screen first asks for them, as long as the page is open. */
import { useSyncExternalStore } from 'react'
import { useConnection } from '../live/connection.ts'
import { fetchJson, serverNow, store, useShown } from '../live/live.ts'
import { later } from '../live/schedule.ts'
import { followMoments } from './past.ts'
import { createRates, type Rates, type RatesSeed } from './rates.ts'

const rates = createRates()
/** Of the past moment that the page shows, once the server told them. */
let past: ShownRates
const listeners = new Set<() => void>()
let looks = 0
let started = false
/** The view is frozen: its rates are too. */
let held = false

/** A look that comes later than this has missed something: what changed meanwhile did not change within a second. */
const awayFromMs = 5_000
let lookedAt = 0
const askAgainMs = 10_000
let seeding = false
let askedAt = Number.NEGATIVE_INFINITY
/** The page was not at its rows: what they say next is not of this second. */
let missed = true

async function seed() {
  seeding = true
  askedAt = performance.now()
  try {
    const told = await fetchJson<RatesSeed>('/v1/fleet/rates')
    rates.seed(told)
    missed = false
  } catch {
    // The server is away, or the key may not read: what is counted here goes on, and it is asked again.
  }
  seeding = false
}

function look() {
  if (held || seeding || !store.ready()) return
  const now = serverNow()
  if (Math.abs(now - lookedAt) > awayFromMs) missed = true
  lookedAt = now
  if (missed && performance.now() - askedAt > askAgainMs && useConnection.getState().status.state === 'open') void seed().then(count)
  else count()
}

function count() {
  rates.look(store.all('agents'), serverNow())
  tell()
}

function tell() {
  looks += 1
  // Looking took some time, and so will showing: two tasks.
  later(() => {
    for (const listener of listeners) listener()
  })
}

function start() {
  if (started) return
  started = true
  useConnection.subscribe(({ status }, before) => {
    if (status.state !== 'open' && before.status.state === 'open') missed = true
  })
  followMoments((told) => {
    past = told
    tell()
  })
  useShown.subscribe(({ at }) => {
    if (at === undefined) past = undefined
  })
  look()
  setInterval(look, 1_000)
}

/** While the page's rows stand still. */
export function holdRates(hold: boolean): void {
  held = hold
}

/** Called after each look. */
export function watchRates(listener: () => void): () => void {
  start()
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** What is known of rates at the moment that the page shows: nothing before the first look, or before the server told. */
export type ShownRates = Pick<Rates, 'of' | 'spark' | 'all'> | undefined

/** Renders once a second; `look` is another number then. */
export function useRates(): { readonly rates: ShownRates; readonly look: number } {
  const { at } = useShown()
  const look = useSyncExternalStore(watchRates, () => looks)
  return { rates: at === undefined ? (looks > 0 ? rates : undefined) : past, look }
}

/** For who renders each second anyway. */
export const shownRates = (): ShownRates => (useShown.getState().at === undefined ? (looks > 0 ? rates : undefined) : past)
