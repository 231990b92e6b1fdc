/** The first start of a new data folder, killed again and again: while the cluster is made, and while its schema is. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/free-port.ts'
import { databaseOf } from '../world/database.ts'
import { oneOfMany, startServerProcess } from '../world/server-process.ts'
import type { Fault } from '../world/world.ts'
import { doctorOf, lostOf } from './laws.ts'
import { startLoad } from './load.ts'
import { pause } from './processes.ts'

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')
const kills = 20
const mostMs = 2_000

/** Beside the world, which has nothing to do with it. */
export const firstStartKilled: Fault = {
  name: 'the first start of a data folder, killed 20 times',
  async strike({ random }) {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-first-start-'))
    const dataFolder = join(folder, 'data')
    const port = await freePort()
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        const child = spawn(process.execPath, [main, 'up'], {
          env: { ...process.env, SIGNALBOX_DATA: dataFolder, SIGNALBOX_PORT: String(port), ...oneOfMany },
          stdio: 'ignore',
        })
        const exit = new Promise((resume) => child.once('exit', (_, signal) => resume(signal)))
        await pause(random.between(0, mostMs))
        child.kill('SIGKILL')
        const by = await exit
        if (by !== 'SIGKILL') throw new Error(`Start ${kill + 1} ended by itself.`)
      }
      const server = await startServerProcess({ dataFolder, logFile: join(folder, 'server.log'), port })
      try {
        const load = startLoad([server.url])
        await load.more(100, 60_000)
        await load.stop()
        const lost = await lostOf(load, databaseOf(dataFolder).query)
        const bad = await doctorOf(server.url, { SIGNALBOX_DATA: dataFolder })
        if (lost.length > 0 || bad.length > 0) throw new Error(`${lost.length} events are lost. ${bad.join('; ')}`)
        return `${kills} starts killed; then ${load.acks.size} events were taken, none lost`
      } finally {
        await server[Symbol.asyncDispose]()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}
