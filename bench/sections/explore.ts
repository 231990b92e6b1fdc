/** What a look at the figures takes: of an hour and of a week, by agent, from the request to the whole answer. */
import { median, quantile, type Section, wanted } from '../harness.ts'
import { generate } from './generate.ts'

const hourMs = 3_600_000
const windows = [
  { name: '1 h', ms: hourMs },
  { name: '7 d', ms: 168 * hourMs },
] as const
const looks = 40

/**
 * One look after the other, ms. Nothing of an answer is kept from one to the next.
 * @public for sections that fill a database of their own
 */
export async function measureExplore(url: string, windowMs: number = hourMs): Promise<{ readonly p50: number; readonly p95: number }> {
  const took: number[] = []
  for (let look = 0; look < looks; look += 1) {
    const since = new Date(Date.now() - windowMs).toISOString()
    const startedAt = performance.now()
    const response = await fetch(`${url}/v1/explore?by=agent&since=${since}`)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`/v1/explore answered ${response.status}.`)
    took.push(performance.now() - startedAt)
  }
  return { p50: median(took), p95: quantile(took, 0.95) }
}

export const section: Section = {
  name: 'explore',
  async measure(bench) {
    const server = await bench.serve()
    await generate(bench, 'websocket', server.url)
    for (const { name, ms } of windows) {
      const { p50, p95 } = await measureExplore(server.url, ms)
      bench.sample(`explore ${name} p50 ms`, p50)
      bench.sample(`explore ${name} p95 ms`, p95)
      bench.row({
        what: `figures of ${name} by agent, of what came in ${bench.seconds} s`,
        figure: `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`,
        wanted: wanted(p95, 100, 50, ' ms'),
      })
    }
  },
}
