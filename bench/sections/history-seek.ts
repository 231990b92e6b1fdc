/** Going to a moment of a long history. */
import { type Bench, count, quantile, wanted } from '../harness.ts'
import type { Past } from './history.ts'

const dayMs = 86_400_000
const mostSeeks = 50
/** On a machine that is busy. */
const longestMs = 60_000

async function seek(url: string, at: number): Promise<number> {
  const startedAt = performance.now()
  const answer = await fetch(`${url}/v1/state/rows?at=${new Date(at).toISOString()}`)
  const bytes = (await answer.arrayBuffer()).byteLength
  if (!answer.ok || bytes === 0) throw new Error(`The moment ${at} was answered ${answer.status}.`)
  return performance.now() - startedAt
}

export async function measureSeeks(bench: Bench, { server, events, from, until }: Past): Promise<void> {
  const spans = [
    ['the last day', Math.max(from, until - dayMs)],
    ['all of it', from],
  ] as const
  for (const [name, since] of spans) {
    const found: number[] = []
    const startedAt = performance.now()
    while (found.length < mostSeeks && performance.now() - startedAt < longestMs)
      found.push(await seek(server.url, since + ((found.length * 0.618_034 + 0.31) % 1) * (until - since)))
    for (const value of found) bench.sample(`seek within ${name}, ${count(events)} events, ms`, value)
    bench.row({
      what: `a moment of the past within ${name}, ${count(events)} events, ${found.length} seeks`,
      figure: `p50 ${count(quantile(found, 0.5))}, p95 ${count(quantile(found, 0.95))}, first ${count(found[0] ?? Number.NaN)} ms`,
      wanted: wanted(quantile(found, 0.95), 1_000, 200, ' ms'),
    })
  }
}
