/** From sending a batch to its acknowledgement at half load, beside one commit of one row: with nothing else going on, and under the same load. */
import { child, count, median, quantile, type Section, wanted } from '../harness.ts'
import { bareCopy } from './bare-copy.ts'
import { generate } from './generate.ts'
import { openSingleCommits } from './single-commits.ts'

const batch = 500
/** Between two commits under the load: what is measured is no load itself. */
const pauseMs = 20

export const section: Section = {
  name: 'acks',
  async measure(bench) {
    const server = await bench.serve()
    const commits = await openSingleCommits(server)
    const rate = (await generate(bench, 'websocket', server.url)).perSecond / 2
    const acks: number[][] = []
    const alone: number[][] = []
    const loaded: number[][] = []
    for (let round = 0; round < bench.rounds; round += 1) {
      alone.push(await commits.delays(bench.seconds / 2))
      const run = child('generators/acks.ts', [server.url, `${bench.seconds}`, `${batch}`, `${rate}`])
      await run.line()
      loaded.push(await commits.delays(bench.seconds, pauseMs))
      acks.push((JSON.parse(await run.line()) as { delays: number[] }).delays)
      for (const [name, rounds] of [
        ['ack', acks],
        ['one commit', alone],
        ['one commit under the load', loaded],
      ] as const)
        for (const share of [0.5, 0.99]) bench.sample(`${name} p${share * 100} ms`, quantile(rounds.at(-1) ?? [], share))
    }
    await commits.end()
    // Last: its rows are vacuumed behind it, which would be measured.
    const copyMs = (1_000 * batch) / (await bareCopy(await server.database(), batch, bench.seconds))
    const of = (rounds: readonly number[][], share: number) => median(rounds.map((round) => quantile(round, share)))
    const p50And99 = (rounds: readonly number[][]) => `p50 ${of(rounds, 0.5).toFixed(1)} ms, p99 ${of(rounds, 0.99).toFixed(1)} ms`
    const ratio = of(acks, 0.99) / of(alone, 0.99)
    bench.row({
      what: `acknowledgement of a batch of ${batch} at half load (${count(rate)} events/s, WebSocket)`,
      figure: p50And99(acks),
      beside: `p99 ${ratio.toFixed(1)} × one commit of one row, alone (${p50And99(alone)}), ${(of(acks, 0.99) / of(loaded, 0.99)).toFixed(1)} × one under the same load (${p50And99(loaded)}); bare COPY of as many, alone: ${copyMs.toFixed(1)} ms`,
      wanted: wanted(ratio, 5, 3, ' ×'),
    })
  },
}
