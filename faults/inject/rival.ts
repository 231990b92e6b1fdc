/** A second server on the same database, as when somebody starts one twice: both write, and the fence lets one at a time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { freePort } from '../../test/free-port.ts'
import { contentHash } from '../history/content.ts'
import { databaseUrl } from '../world/database.ts'
import { type OwnedServer, startServerProcess } from '../world/server-process.ts'
import type { Fault, World } from '../world/world.ts'
import { underLoad } from './serving.ts'

const events = 20
const patienceMs = 15_000
let calls = 0

/** Answers whether it was taken. */
async function send(url: string, tell: World['tell']): Promise<boolean> {
  calls += 1
  const call = calls
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

/** A second server starts, is sent events of every partition, and stops; answers how many of them it committed. */
export async function takeOver({ server, tell }: Pick<World, 'server' | 'tell'>): Promise<{ readonly taken: number; readonly of: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-rival-'))
  let second: OwnedServer | undefined
  try {
    second = await startServerProcess({
      dataFolder: folder,
      logFile: join(folder, 'server.log'),
      port: await freePort(),
      env: { DATABASE_URL: await databaseUrl(server.dataFolder) },
    })
    let taken = 0
    for (let n = 0; n < events; n += 1) taken += (await send(second.url, tell)) ? 1 : 0
    return { taken, of: events }
  } finally {
    await second?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

export const rival: Fault = {
  name: 'a second server on the same database',
  strike: (world) =>
    underLoad(world, async () => {
      const { taken, of } = await takeOver(world)
      if (taken === 0) throw new Error('The second server took nothing: no partition changed hands.')
      return `${taken} of ${of} events were committed by the second server`
    }),
}
