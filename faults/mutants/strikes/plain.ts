/** Load without a fault, and the plainest ends of processes. */
import { readFileSync } from 'node:fs'
import { family } from '../../inject/processes.ts'
import type { Fault, World } from '../../world/world.ts'

export const patienceMs = 20_000

/** Resolves when so many events more are acknowledged. */
export const load = (events: number): Fault => ({
  name: `load of ${events} events`,
  async strike(world) {
    await world.acknowledged(events, patienceMs)
    return `${events} events more were acknowledged`
  },
})

/** Memory for some commits only: who is slow reads from the store, or is told of a gap. */
export const slowReaders: Fault = {
  ...load(1_800),
  name: 'load, and a server of little memory',
  setting: { env: { SIGNALBOX_RING_BYTES: '100000', SIGNALBOX_MAX_LAG_EVENTS: '300', SIGNALBOX_SOCKET_BYTES: '2000' } },
}

/** Runs until something is acknowledged, and then does it, so many times. */
export async function repeatedly(times: number, world: World, strike: () => Promise<string>): Promise<string> {
  const told: string[] = []
  for (let time = 0; time < times; time += 1) {
    await world.acknowledged(100, patienceMs)
    told.push(await strike())
  }
  return told.join(', ')
}

export const killServer = (times: number): Fault => ({
  name: 'kill -9 of the server',
  strike: (world) =>
    repeatedly(times, world, async () => {
      const pid = world.server.pid()
      await world.server.kill()
      await world.server.start()
      return `pid ${pid} ended by SIGKILL`
    }),
})

const isWalWriter = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('walwriter')

/**
 * All of it at once: nobody is left to write what was in memory. Its WAL writer stands still before, so that of a commit is on disk
 * what who committed it wrote himself.
 */
export const killPostgres = (times: number): Fault => ({
  name: 'kill -9 of PostgreSQL, with all its processes',
  strike: (world) =>
    repeatedly(times, world, async () => {
      const postmaster = await world.database.postmasterPid()
      for (const pid of family(postmaster).filter(isWalWriter)) process.kill(pid, 'SIGSTOP')
      await world.acknowledged(50, patienceMs)
      process.kill(postmaster, 'SIGSTOP')
      const all = family(postmaster)
      for (const pid of all.toReversed()) process.kill(pid, 'SIGKILL')
      await world.acknowledged(100, 60_000)
      return `postmaster ${postmaster} and ${all.length - 1} children ended by SIGKILL`
    }),
})
