/** The rates of the page's agents: looked at once a second from when a screen first asks for them, as long as the page is open. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { useSyncExternalStore } from 'react'
import { serverNow, store, useShown } from '../live/live.ts'
import { createRates, type Rates } from './rates.ts'

const rates = createRates()
const listeners = new Set<() => void>()
let looks = 0
let started = false
/** The view is frozen: its rates are too. */
let held = false

function look() {
  if (held || !store.ready()) return
  rates.look(store.all('agents'), serverNow())
  looks += 1
  for (const listener of listeners) listener()
}

function start() {
  if (started) return
  started = true
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

/** What is known of rates at the moment that the page shows; of the past nothing is. */
export type ShownRates = Pick<Rates, 'of' | 'spark'> | undefined

/** Renders once a second; `look` is another number then. */
export function useRates(): { readonly rates: ShownRates; readonly look: number } {
  const { at } = useShown()
  const look = useSyncExternalStore(watchRates, () => looks)
  return { rates: at === undefined ? rates : undefined, look }
}

/** Of one agent, for who renders each second anyway; nothing in the past. */
export const shownRates = (): ShownRates => (useShown.getState().at === undefined ? rates : undefined)

/** Sums over agents. */
export function ratesOfAll(agents: readonly AgentRow[], of: ShownRates) {
  const sum = { tokensPerMinute: 0, costMicrosPerHour: 0, errors: 0 }
  if (of === undefined) return undefined
  for (const { id } of agents) {
    const rate = of.of(id)
    if (rate === undefined) continue
    sum.tokensPerMinute += rate.tokensPerMinute
    sum.costMicrosPerHour += rate.costMicrosPerHour
    sum.errors += rate.errors
  }
  return sum
}
