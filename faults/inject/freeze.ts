/** Everything stands still for a while and goes on as if nothing had been: a stopped machine, a long pause of the collector. */
import type { Fault, World } from '../world/world.ts'
import { isStopped, pause, signal, stopFamily, until } from './processes.ts'
import { underLoad } from './serving.ts'

async function standStill(ms: number, stop: () => Promise<readonly number[]>): Promise<readonly number[]> {
  let stopped: readonly number[] = []
  try {
    stopped = await stop()
    await pause(ms)
    if (!stopped.every(isStopped)) throw new Error('Not all of them stood still to the end.')
    return stopped
  } finally {
    for (const pid of stopped) signal(pid, 'SIGCONT')
  }
}

async function stopServer({ server }: World): Promise<readonly number[]> {
  const pid = server.pid()
  signal(pid, 'SIGSTOP')
  await until('the server stops', 5_000, () => isStopped(pid))
  return [pid]
}

export const freezeServer = (leastMs: number, mostMs: number): Fault => ({
  name: 'SIGSTOP of the server',
  strike: (world) =>
    underLoad(world, async () => {
      const ms = world.random.between(leastMs, mostMs)
      const [pid] = await standStill(ms, () => stopServer(world))
      return `pid ${pid} stood still for ${ms} ms`
    }),
})

export const freezePostgres = (leastMs: number, mostMs: number): Fault => ({
  name: 'SIGSTOP of PostgreSQL',
  strike: (world) =>
    underLoad(world, async () => {
      const ms = world.random.between(leastMs, mostMs)
      const pids = await standStill(ms, async () => stopFamily(await world.database.postmasterPid()))
      return `${pids.length} processes of PostgreSQL stood still for ${ms} ms`
    }),
})
