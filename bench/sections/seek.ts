/** How long a moment of the past takes: the first that anybody asks for after a burst, and then fifty at random. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { createFleet } from '../fleet.ts'
import { count, type Section, wanted } from '../harness.ts'

const batch = 500
const senders = 8
const seeks = 50

interface Timeline {
  readonly oldest: string | null
  readonly until: string
  readonly buckets: readonly { readonly events: number }[]
}

const timeline = async (url: string) => (await (await fetch(`${url}/v1/timeline?buckets=1`)).json()) as Timeline

/** Sends until the server has so many events, as fast as it takes them. */
async function fill(url: string, events: number): Promise<void> {
  const nextId = createIdSource(Date.now)
  let left = events - (await timeline(url)).buckets.reduce((sum, bucket) => sum + bucket.events, 0)
  await Promise.all(
    Array.from({ length: senders }, async (_, sender) => {
      const makeEvents = createFleet(nextId, sender)
      while (left > 0) {
        left -= batch
        const body = JSON.stringify(makeEvents(batch))
        const response = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        if (!response.ok) throw new Error(`POST /v1/events answered ${response.status}: ${await response.text()}`)
        await response.arrayBuffer()
      }
    }),
  )
}

/** The same moments whenever it is measured (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** From asking for the rows of a moment to having read them, ms. */
async function measureSeek(url: string, events: number): Promise<{ p50: number; p95: number; first: number }> {
  await fill(url, events)
  const { oldest, until } = await timeline(url)
  if (oldest === null) throw new Error('Nothing is kept that could be looked at.')
  const [since, length] = [Date.parse(oldest), Date.parse(until) - Date.parse(oldest)]
  const random = randomOf(events)
  const took: number[] = []
  for (let n = 0; n <= seeks; n += 1) {
    const at = new Date(since + length * (n === 0 ? 0.5 : random())).toISOString()
    const startedAt = performance.now()
    const response = await fetch(`${url}/v1/state/rows?at=${at}`)
    await response.text()
    if (!response.ok) throw new Error(`GET /v1/state/rows answered ${response.status}.`)
    took.push(performance.now() - startedAt)
  }
  const [first = Number.NaN, ...others] = took
  others.sort((a, b) => a - b)
  const at = (share: number) => others[Math.floor(others.length * share)] ?? Number.NaN
  return { p50: at(0.5), p95: at(0.95), first }
}

export const section: Section = {
  name: 'seek',
  long: true,
  async measure(bench) {
    const server = await bench.serve()
    for (const events of [300_000, 1_000_000]) {
      const { p50, p95, first } = await measureSeek(server.url, events)
      bench.sample(`first seek over ${events} events, ms`, first)
      bench.row({
        what: `rows of a past moment over ${count(events)} events, p95 of ${seeks}, ms`,
        figure: count(p95),
        beside: `p50 ${count(p50)}, the first after the burst ${count(first)}`,
        wanted: wanted(Math.max(first, p95), 400, 200, ' ms'),
      })
    }
  },
}
