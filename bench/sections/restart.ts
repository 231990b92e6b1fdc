/** From a kill to being ready again: of the server alone, and together with its PostgreSQL, in the middle of a load. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createIdSource } from '@signalbox/model/ids.ts'
import { createFleet } from '../fleet.ts'
import { type Bench, count, inTables, median, type Server, serve, wanted } from '../harness.ts'

const loadMs = 3_000
const batch = 500

/** Sends until the server is gone. */
async function load({ url }: Server): Promise<void> {
  const makeEvents = createFleet(createIdSource(Date.now), 0)
  try {
    for (;;) {
      const body = JSON.stringify(makeEvents(batch))
      await (await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text()
    }
  } catch {
    // It was killed.
  }
}

async function ready(folder: string): Promise<{ readonly server: Server; readonly tookMs: number }> {
  const startedAt = performance.now()
  const server = await serve(folder, inTables)
  while (!(await fetch(`${server.url}/readyz`)).ok);
  return { server, tookMs: performance.now() - startedAt }
}

/** What is sent stays in the history: some thousand events. */
export async function measureRestart(bench: Bench, folder: string, events: number): Promise<void> {
  const took = { alone: [] as number[], 'with PostgreSQL': [] as number[] }
  let { server } = await ready(folder)
  try {
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const what of ['alone', 'with PostgreSQL'] as const) {
        const loading = load(server)
        await new Promise((resume) => setTimeout(resume, loadMs))
        const postmaster = Number((await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
        await server.stop('SIGKILL')
        if (what === 'with PostgreSQL') process.kill(postmaster, 'SIGKILL')
        await loading
        const again = await ready(folder)
        server = again.server
        took[what].push(again.tookMs)
        bench.sample(`ready after a kill ${what}, ${count(events)} events, ms`, again.tookMs)
      }
    }
  } finally {
    await server.stop()
  }
  for (const [what, values] of Object.entries(took))
    bench.row({
      what: `ready after kill -9 of the server ${what}, in the middle of a load, ${count(events)} events`,
      figure: `${(median(values) / 1_000).toFixed(1)} s`,
      wanted: wanted(median(values) / 1_000, 5, 2, ' s'),
    })
}
