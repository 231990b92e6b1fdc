/** Single events of many senders, each sent after the one before is acknowledged, beside commits of one row. */
import { type Bench, child, count, median, type Section, wanted } from '../harness.ts'
import { openSingleCommits } from './single-commits.ts'

const senders = 200

interface Sent {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

type Door = 'rest' | 'websocket'

async function sent(bench: Bench, url: string, door: Door): Promise<Sent> {
  const run = child('generators/singles.ts', [door, url, `${bench.seconds}`, `${senders}`])
  return JSON.parse(await run.line()) as Sent
}

export const section: Section = {
  name: 'singles',
  async measure(bench) {
    const server = await bench.serve()
    const commits = await openSingleCommits(server)
    const bare = child('generators/answers.ts')
    const bareUrl = await bare.line()
    const reference: number[] = []
    const ofOne: number[] = []
    let how = ''
    const rounds: Record<Door, Sent[]> = { websocket: [], rest: [] }
    const unstored: Record<Door, number[]> = { websocket: [], rest: [] }
    for (let round = 0; round < bench.rounds; round += 1) {
      const { perSecond, connections, by } = await commits.perSecond(bench.seconds, senders)
      reference.push(perSecond)
      how = `${by}, ${connections} connections`
      bench.sample('single-row commits per second', perSecond)
      ofOne.push((await commits.perSecond(bench.seconds, 1)).perSecond)
      bench.sample('single-row commits per second, one connection', ofOne.at(-1) ?? 0)
      for (const door of ['websocket', 'rest'] as const) {
        unstored[door].push((await sent(bench, bareUrl, door)).perSecond)
        bench.sample(`single events per second, ${door}, stored nowhere`, unstored[door].at(-1) ?? 0)
        const measured = await sent(bench, server.url, door)
        rounds[door].push(measured)
        bench.sample(`single events per second, ${door}`, measured.perSecond)
      }
    }
    await commits.end()
    await bare.stop()
    const alone = median(reference)
    for (const [door, name] of [
      ['websocket', 'WebSocket'],
      ['rest', 'REST, connections kept'],
    ] as const) {
      const rate = median(rounds[door].map(({ perSecond }) => perSecond))
      const ms = (share: 'p50' | 'p99') => median(rounds[door].map((one) => one[share])).toFixed(0)
      bench.row({
        what: `durable single events/s of ${senders} senders over ${name}, one at a time each`,
        figure: `${count(rate)}, p50 ${ms('p50')} ms, p99 ${ms('p99')} ms`,
        beside: `${(rate / alone).toFixed(1)} × single-row commits/s (${count(alone)}; ${how}; ${count(median(ofOne))} by one connection); a bare server that stores nothing: ${count(median(unstored[door]))}`,
        wanted: wanted(rate / alone, 5, 10, ' ×'),
      })
    }
  },
}
