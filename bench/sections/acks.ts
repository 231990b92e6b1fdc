/** From sending a batch to its acknowledgement at half load, beside one commit of one row with nothing else going on. */
import { child, count, median, quantile, type Section, wanted } from '../harness.ts'
import { bareCopy } from './bare-copy.ts'
import { generate } from './generate.ts'
import { openSingleCommits } from './single-commits.ts'

const batch = 500

export const section: Section = {
  name: 'acks',
  async measure(bench) {
    const server = await bench.serve()
    const commits = await openSingleCommits(server)
    const rate = (await generate(bench, 'websocket', server.url)).perSecond / 2
    const acks: number[][] = []
    const alone: number[][] = []
    for (let round = 0; round < bench.rounds; round += 1) {
      alone.push(await commits.delays(bench.seconds / 2))
      const run = child('generators/acks.ts', [server.url, `${bench.seconds}`, `${batch}`, `${rate}`])
      acks.push((JSON.parse(await run.line()) as { delays: number[] }).delays)
      for (const [name, rounds] of [
        ['ack', acks],
        ['one commit', alone],
      ] as const)
        for (const share of [0.5, 0.99]) bench.sample(`${name} p${share * 100} ms`, quantile(rounds.at(-1) ?? [], share))
    }
    await commits.end()
    // Last: it deletes its rows, and what vacuums them would be measured.
    const copyMs = (1_000 * batch) / (await bareCopy(await server.database(), batch))
    const of = (rounds: readonly number[][], share: number) => median(rounds.map((round) => quantile(round, share)))
    const ratio = of(acks, 0.99) / of(alone, 0.99)
    bench.row({
      what: `acknowledgement of a batch of ${batch} at half load (${count(rate)} events/s, WebSocket)`,
      figure: `p50 ${of(acks, 0.5).toFixed(1)} ms, p99 ${of(acks, 0.99).toFixed(1)} ms`,
      beside: `p99 ${ratio.toFixed(1)} × one commit of one row, alone (p50 ${of(alone, 0.5).toFixed(1)} ms, p99 ${of(alone, 0.99).toFixed(1)} ms); bare COPY of as many, alone: ${copyMs.toFixed(1)} ms`,
      wanted: wanted(ratio, 5, 3, ' ×'),
    })
  },
}
