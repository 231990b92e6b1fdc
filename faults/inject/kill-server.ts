/** kill -9 of the server: at random under load, and in a crash loop while it starts, recovers and migrates. */
import type { Fault, World } from '../world/world.ts'
import { isAlive, pause, until } from './processes.ts'
import { serving, underLoad } from './serving.ts'

const mostRandomMs = 2_000
const loops = 20

export const killServer: Fault = {
  name: 'kill -9 of the server',
  strike: (world) =>
    underLoad(world, async () => {
      await pause(world.random.between(0, mostRandomMs))
      const pid = world.server.pid()
      await world.server.kill()
      return `pid ${pid} ended by SIGKILL`
    }),
}

/** Answers whether it was up before it was killed. */
async function startAndKill({ server }: World, afterMs: number): Promise<boolean> {
  let isUp = false
  const starting = server.start().then(
    () => {
      isUp = true
    },
    () => undefined,
  )
  await pause(afterMs)
  await server.kill()
  await starting
  return isUp
}

export const crashLoop: Fault = {
  name: 'crash loop: killed 20 times within 2 s of its start',
  async strike(world) {
    try {
      await world.acknowledged(1, 60_000)
      await world.server.kill()
      let early = 0
      for (let loop = 0; loop < loops; loop += 1) early += (await startAndKill(world, world.random.between(0, mostRandomMs))) ? 0 : 1
      if (early === 0) throw new Error('Every start was done before it was killed.')
      return `${loops} starts killed, ${early} of them before the server was up`
    } finally {
      await serving(world)
    }
  },
}

export const killStarting: Fault = {
  name: 'kill -9 of the server, and again while it starts and recovers',
  async strike(world) {
    try {
      await world.acknowledged(1, 60_000)
      await world.server.kill()
      const ms = world.random.between(0, mostRandomMs)
      const isUp = await startAndKill(world, ms)
      return `killed again ${ms} ms after its start, ${isUp ? 'just up' : 'not yet up'}`
    } finally {
      await serving(world)
    }
  },
}

export const terminateServer: Fault = {
  name: 'SIGTERM of the server under load',
  strike: (world) =>
    underLoad(world, async () => {
      const pid = world.server.pid()
      const code = await world.server.terminate()
      await until('the server ends', 1_000, () => !isAlive(pid))
      return `pid ${pid} ended with exit code ${code}`
    }),
}
