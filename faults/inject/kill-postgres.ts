/** PostgreSQL ends under load, as a whole or a backend at a time: the server starts it again, and commits that were cut are sent again. */
import type { Fault, World } from '../world/world.ts'
import { committingBackend, logOf, sequencerBackends } from './postgres.ts'
import { ended, signal } from './processes.ts'
import { underLoad } from './serving.ts'

/** Ends the postmaster, and sees that it is gone and another one came. */
const postmaster = (name: string, by: NodeJS.Signals, seen: string): Fault => ({
  name,
  strike: (world) =>
    underLoad(world, async () => {
      const pid = await world.database.postmasterPid()
      signal(pid, by)
      await ended(pid, 60_000)
      return `postmaster ${pid} ended ${seen}`
    }),
})

export const killPostmaster = postmaster('kill -9 of the postmaster', 'SIGKILL', 'by SIGKILL')
export const immediateShutdown = postmaster('PostgreSQL: immediate shutdown under load', 'SIGQUIT', 'without a checkpoint')
export const fastShutdown = postmaster('PostgreSQL: fast restart under load', 'SIGINT', 'after a fast shutdown')

export const killCommittingBackend: Fault = {
  name: 'kill -9 of a backend while it commits',
  strike: (world) =>
    underLoad(world, async () => {
      const log = await logOf(world)
      const { pid, application_name } = await committingBackend(world)
      signal(pid, 'SIGKILL')
      await ended(pid)
      return `${application_name}: ${await log.says(new RegExp(`\\(PID ${pid}\\) was terminated by signal 9`), 20_000)}`
    }),
}

export const terminateBackends: Fault = {
  name: 'pg_terminate_backend of every sequencer',
  strike: (world) =>
    underLoad(world, async () => {
      await committingBackend(world)
      const backends = await terminateSequencers(world)
      for (const pid of backends) await ended(pid)
      return `backends ${backends.join(', ')} ended`
    }),
}

/** Answers those that were told to end. */
async function terminateSequencers(world: World): Promise<readonly number[]> {
  const backends = (await sequencerBackends(world)).map(({ pid }) => pid)
  const told = await world.database.query<{ pid: number }>('select pid from unnest($1::int[]) pid where pg_terminate_backend(pid)', [
    backends,
  ])
  if (told.length === 0) throw new Error('No sequencer had a backend.')
  return told.map(({ pid }) => pid)
}
