/** A fleet that begins a run and an agent for each few events: what that takes, and what of all of them a dashboard is sent first. */
import pg from 'pg'
import { WebSocket } from 'ws'
import type { FleetSize } from '../fleet.ts'
import { count, median, type Section } from '../harness.ts'
import { bareCopy } from './bare-copy.ts'
import { generate } from './generate.ts'

/** More than come. */
const endless: FleetSize = { runs: 1_000_000_000, agents: 1_000_000_000 }
const mib = 2 ** 20

/** Until the last page of the fleet's snapshot, as a dashboard asks for it. */
async function firstFrames(url: string): Promise<{ readonly ms: number; readonly bytes: number; readonly isCut: boolean }> {
  const startedAt = performance.now()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live?feed=state`, { perMessageDeflate: false })
  let bytes = 0
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (frame: Buffer) => {
      bytes += frame.length
      const [end, truncated] = /"last":true(,"truncated":)?/.exec(frame.toString('latin1', frame.length - 100)) ?? []
      if (end === undefined) return
      socket.close()
      resolve({ ms: performance.now() - startedAt, bytes, isCut: truncated !== undefined })
    })
  })
}

async function agentsAndRuns(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<{ count: string }>("select count(*) from projections where tbl in ('agents', 'runs')")
  await client.end()
  return Number(rows[0]?.count)
}

export const section: Section = {
  name: 'churn',
  async measure(bench) {
    const server = await bench.serve()
    const copies: number[] = []
    const rates: number[] = []
    for (let round = 0; round < bench.rounds; round += 1) {
      copies.push(await bareCopy(await server.database(), 500, bench.seconds))
      const { perSecond } = await generate(bench, 'websocket', server.url, { fleet: endless })
      rates.push(perSecond)
      bench.sample('events per second', perSecond)
    }
    bench.row({
      what: 'durable events/s over WebSocket where each four events begin a run and an agent',
      figure: `${count(median(rates))}; in the last round ${count(rates.at(-1) ?? Number.NaN)}`,
      beside: `${(median(rates) / median(copies)).toFixed(2)} of COPY`,
    })
    bench.row({ what: 'resident memory of the server after that load', figure: `${count(await server.memory())} MiB` })
    const rows = await agentsAndRuns(await server.database())
    const found = await firstFrames(server.url)
    bench.sample('first frames ms', found.ms)
    bench.row({
      what: `what a dashboard is sent first of the ${count(rows)} agents and runs that there are then`,
      figure: `${(found.bytes / mib).toFixed(0)} MiB in ${(found.ms / 1_000).toFixed(1)} s`,
      beside: found.isCut ? 'those that changed last; there are more, and that is told' : 'all there are',
    })
  },
}
