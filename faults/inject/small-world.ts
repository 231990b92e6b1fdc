/**
 * The least world that a fault can strike: one server, a few senders, and what was acknowledged.
 * For power cuts one after the other and for trying a single fault; scenarios with observers and a history are in `../world`.
 */
import { join } from 'node:path'
import { freePort } from '../../test/free-port.ts'
import { databaseOf } from '../world/database.ts'
import { createRandom } from '../world/random.ts'
import { startServerProcess } from '../world/server-process.ts'
import type { World } from '../world/world.ts'
import { doctorOf, lostOf } from './laws.ts'
import { type Load, startLoad } from './load.ts'

export interface SmallWorld extends World, Pick<Load, 'acks' | 'unanswered'> {
  /** Ids that were acknowledged and are not in the log. */
  lost(): Promise<readonly string[]>
  /** Senders settle, and what `signalbox doctor` finds bad is answered. */
  settle(): Promise<readonly string[]>
  /** The server ends. */
  stop(): Promise<void>
}

export interface SmallWorldOptions {
  /** Has the data folder, `data`, and the server's log. */
  readonly folder: string
  readonly seed: number
  readonly env?: Readonly<Record<string, string>>
}

const noProxy: World['proxy'] = {
  url: '',
  behave() {
    throw new Error('The small world has no network between agents and server.')
  },
  touched: () => 0,
  withheld: () => 0,
  standing: () => 0,
  async close() {},
}

export async function startSmallWorld({ folder, seed, env = {} }: SmallWorldOptions): Promise<SmallWorld> {
  const dataFolder = join(folder, 'data')
  const server = await startServerProcess({ dataFolder, logFile: join(folder, 'server.log'), port: await freePort(), env })
  const load = startLoad([server.url])
  const database = databaseOf(dataFolder)
  return {
    server,
    database,
    proxy: noProxy,
    random: createRandom(seed),
    acks: load.acks,
    unanswered: load.unanswered,
    tell() {},
    acknowledged: load.more,
    lost: () => lostOf(load, database.query),
    async settle() {
      await load.stop()
      return await doctorOf(server.url, { SIGNALBOX_DATA: dataFolder })
    },
    async stop() {
      await load.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}
