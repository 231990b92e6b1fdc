/**
 * A second server on the same database, as when somebody starts one twice: both write, until the fence has refused a write of the second.
 * The first, which has the world's load, has taken a partition back then, and was refused before.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { freePort } from '../../test/free-port.ts'
import { contentHash } from '../history/content.ts'
import { databaseUrl } from '../world/database.ts'
import { readMetrics } from '../world/final.ts'
import { type OwnedServer, startServerProcess } from '../world/server-process.ts'
import type { Fault, World } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { underLoad } from './serving.ts'

const leastEvents = 20
const patienceMs = 15_000
/** Until a write of the second is refused: under load it takes some of its events. */
const fenceWithinMs = 30_000

const fencedWrites = async (url: string): Promise<number> => (await readMetrics(url)).sum('signalbox_fenced_commits_total')

/** Answers whether it was taken. */
async function send(url: string, tell: World['tell']): Promise<boolean> {
  const call = nextCall()
  const event = {
    id: uuidv7(Date.now()),
    source: 'rival',
    type: 'log',
    time: new Date().toISOString(),
    agent: 'rival',
    run: `rival-${call % 4}`,
  }
  tell({
    op: 'send',
    type: 'invoke',
    call,
    door: 'rest',
    events: [{ id: event.id, source: event.source, run: event.run, hash: contentHash(event) }],
  })
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(patienceMs),
    })
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const { accepted, duplicates } = (await response.json()) as { accepted: number; duplicates: number }
    tell({ op: 'send', type: 'ok', call, accepted, duplicates, refused: [], durability: 'durable' })
    return true
  } catch (error) {
    tell({ op: 'send', type: 'info', call, error: String(error) })
    return false
  }
}

async function withSecond<T>(dataFolder: string, use: (url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-rival-'))
  let second: OwnedServer | undefined
  try {
    second = await startServerProcess({
      dataFolder: folder,
      logFile: join(folder, 'server.log'),
      port: await freePort(),
      env: { DATABASE_URL: await databaseUrl(dataFolder) },
    })
    return await use(second.url)
  } finally {
    await second?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A second server starts, is sent events of every partition, and stops; answers how many of them it committed. */
export const takeOver = ({ server, tell }: Pick<World, 'server' | 'tell'>): Promise<{ readonly taken: number; readonly of: number }> =>
  withSecond(server.dataFolder, async (url) => {
    let taken = 0
    for (let n = 0; n < leastEvents; n += 1) taken += (await send(url, tell)) ? 1 : 0
    return { taken, of: leastEvents }
  })

export const rival: Fault = {
  name: 'a second server on the same database',
  strike: (world) =>
    underLoad(world, () =>
      withSecond(world.server.dataFolder, async (url) => {
        const before = await fencedWrites(world.server.url)
        const until = performance.now() + fenceWithinMs
        let [sent, taken, fenced] = [0, 0, 0]
        while (sent < leastEvents || fenced === 0) {
          if (performance.now() > until) throw new Error(`The fence refused no write of the second server, which took ${taken} of ${sent}.`)
          sent += 1
          taken += (await send(url, world.tell)) ? 1 : 0
          fenced = await fencedWrites(url)
        }
        if (taken === 0) throw new Error('The second server took nothing: no partition changed hands.')
        // Of the first who keeps its counts will tell.
        world.tell({ op: 'sight', type: 'ok', sight: 'fence-rejection', times: fenced })
        const ofFirst = (await fencedWrites(world.server.url)) - before
        return `${taken} of ${sent} events were committed by the second server; the fence refused ${ofFirst} writes of the first and ${fenced} of the second`
      }),
    ),
}
