/** The rates of a past moment, as the server tells them: asked for one moment at a time, the newest wanted next. */
import { fetchJson, useShown } from '../live/live.ts'
import type { Rates, RatesSeed } from './rates.ts'

const secondsOfAll = 10

/** Of how many calls an agent's errors are is not told: of as many as usual. */
function ratesOfMoment(told: RatesSeed): Pick<Rates, 'of' | 'spark' | 'all'> {
  const places = new Map(told.ids.map((id, i) => [id, i]))
  const callsOf = (id: string, errors: number) => {
    const totals = useShown.getState().store.get('agents', id)?.totals
    return totals === undefined ? errors : Math.max(errors, (errors * (totals.llmCalls + totals.toolCalls)) / Math.max(1, totals.errors))
  }
  const of = (id: string) => {
    const i = places.get(id)
    if (i === undefined) return undefined
    const errors = told.errorsLast5Minutes[i] ?? 0
    return {
      tokensPerMinute: told.tokensLastMinute[i] ?? 0,
      costMicrosPerHour: told.costMicrosLastHour[i] ?? 0,
      errors,
      calls: callsOf(id, errors),
    }
  }
  const sum = { tokensPerMinute: 0, costMicrosPerHour: 0, errors: 0, calls: 0 }
  let events = 0
  told.ids.forEach((id, i) => {
    const rate = of(id)
    for (const name of ['tokensPerMinute', 'costMicrosPerHour', 'errors', 'calls'] as const) sum[name] += rate?.[name] ?? 0
    for (const count of told.spark?.[i]?.slice(-secondsOfAll) ?? []) events += count
  })
  return {
    of,
    spark(id, into) {
      const spark = told.spark?.[places.get(id) ?? -1] ?? []
      for (let second = 0; second < 60; second += 1) into[second] = spark[second] ?? 0
      return into
    },
    all: () => ({ ...sum, eventsPerSecond: events / secondsOfAll }),
  }
}

/** Calls `told` with the rates of the moments that the page shows; those of a moment stay until the next are here. */
export function followMoments(told: (rates: Pick<Rates, 'of' | 'spark' | 'all'>) => void): void {
  let isAsking = false
  let answered: number | undefined
  async function ask(at: number) {
    isAsking = true
    answered = at
    try {
      const seed = await fetchJson<RatesSeed>(`/v1/fleet/rates?at=${new Date(at).toISOString()}`)
      if (useShown.getState().at !== undefined) told(ratesOfMoment(seed))
    } catch {
      // The server is away: the next moment is asked for anew.
    }
    isAsking = false
    follow()
  }
  function follow() {
    const { at } = useShown.getState()
    if (!isAsking && at !== undefined && at !== answered) void ask(at)
  }
  useShown.subscribe(follow)
  follow()
}
