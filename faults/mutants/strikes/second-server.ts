/** A second server on the same database: each takes the partitions from the other. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { freePort } from '../../../test/free-port.ts'
import { contentHash } from '../../history/content.ts'
import { databaseUrl } from '../../world/database.ts'
import { startServerProcess } from '../../world/server-process.ts'
import type { Fault, World } from '../../world/world.ts'
import { patienceMs } from './plain.ts'

const pause = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms))

/** What the first was started with, but for its fail points: a mutant is one in both. */
async function likeTheFirst(pid: number): Promise<Record<string, string>> {
  const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\u0000').map((pair) => pair.split('='))
  const wanted = environment.filter(([name]) => name === 'SIGNALBOX_MUTANT' || name === 'NODE_OPTIONS')
  return Object.fromEntries(wanted.map(([name = '', ...value]) => [name, value.join('=')]))
}

async function withSecond(world: World, use: (url: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-second-'))
  const env = {
    DATABASE_URL: await databaseUrl(world.server.dataFolder),
    ...(await likeTheFirst(world.server.pid())),
    SIGNALBOX_LOG_LEVEL: 'warn',
  }
  const server = await startServerProcess({ dataFolder: folder, logFile: join(folder, 'server.log'), port: await freePort(), env })
  try {
    await use(server.url)
  } finally {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

let calls = 0
let seq = 0
/** Of the world's own, so that both servers write the same rows. */
const worldsAgents = ['rest-0', 'rest-1', 'ws-json-0', 'ws-json-1']

async function send(url: string, world: World, events: number, agents: readonly string[] = worldsAgents): Promise<void> {
  const batch = Array.from({ length: events }, () => {
    seq += 1
    const agent = world.random.pick(agents)
    const time = new Date().toISOString()
    return { id: uuidv7(Date.now()), source: 'nemesis', type: 'log', time, run: `${agent}-run-0`, agent, seq, data: {} }
  })
  calls += 1
  const call = calls
  const sent = batch.map((event) => ({ id: event.id, source: event.source, run: event.run, seq: event.seq, hash: contentHash(event) }))
  world.tell({ op: 'send', type: 'invoke', call, door: 'rest', events: sent })
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(5_000),
    })
    const answer = (await response.json()) as { accepted: number; duplicates: number; refused: []; durability: 'durable' }
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const { accepted, duplicates, refused, durability } = answer
    world.tell({ op: 'send', type: 'ok', call, accepted, duplicates, refused, durability })
  } catch (error) {
    world.tell({ op: 'send', type: 'info', call, error: String(error) })
  }
}

export const twoServers: Fault = {
  name: 'two servers on one database',
  async strike(world) {
    await withSecond(world, async (url) => {
      for (let n = 0; n < 40; n += 1) {
        await send(url, world, world.random.between(1, 5))
        await pause(25)
      }
      await world.acknowledged(100, patienceMs)
    })
    return `${seq} events sent to a second server`
  },
}

/** Rows that are due when the first stops, and those that only the second has to write meanwhile; of both partitions each. */
const ofFirst = ['nemesis-0', 'nemesis-1', 'nemesis-2', 'nemesis-3']
const ofBoth = [...ofFirst, 'nemesis-4', 'nemesis-5', 'nemesis-6', 'nemesis-7']
/** For rows to be written after the last commit. */
const writtenMs = 400

/**
 * The first stops with rows that are due and no commit under way, so that it meets the fence with its rows; and they are rows that were
 * there before, which no constraint of the tables keeps it from writing over.
 */
export const stoodStill: Fault = {
  name: 'a writer stands still, and another one takes its partitions',
  async strike(world) {
    const { server, proxy } = world
    await withSecond(world, async (url) => {
      for (let n = 0; n < 3; n += 1) {
        await world.acknowledged(100, patienceMs)
        proxy.behave({ kind: 'stall', side: 'requests' })
        // It takes its partitions back.
        await send(server.url, world, 40, ofBoth)
        await pause(writtenMs)
        await send(server.url, world, 40, ofFirst)
        process.kill(server.pid(), 'SIGSTOP')
        try {
          for (let batch = 0; batch < 8; batch += 1) await send(url, world, 10, ofBoth)
          await pause(writtenMs)
        } finally {
          process.kill(server.pid(), 'SIGCONT')
        }
        await pause(writtenMs)
        proxy.behave({ kind: 'pass' })
      }
      await world.acknowledged(100, patienceMs)
    })
    return 'stopped and continued 3 times'
  },
}
