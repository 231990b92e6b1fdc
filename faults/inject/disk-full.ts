/** No room is left on the disk of the data folder, for the log as for PostgreSQL's own write-ahead log; then there is some again. */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault, World } from '../world/world.ts'
import { mountedAt } from './ext4.ts'
import { logOf } from './postgres.ts'
import { pause, until } from './processes.ts'
import { underLoad } from './serving.ts'

const lastsMs = 8_000
const patienceMs = 90_000
const chunk = Buffer.alloc(1_048_576)

/** Writes until there is no room; may be called again for what was freed meanwhile. */
async function fill(file: string): Promise<void> {
  const opened = await open(file, 'a')
  try {
    for (let bytes = chunk.length; bytes >= 1; ) {
      try {
        await opened.write(chunk, 0, bytes)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        bytes >>>= 1
      }
    }
  } finally {
    await opened.close()
  }
}

/** What a reader and a probe are answered. */
async function statusOf(world: World, path: string): Promise<number> {
  return await fetch(`${world.server.url}${path}`, { signal: AbortSignal.timeout(20_000) }).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.status
    },
    () => 0,
  )
}

/** `provoke`: makes PostgreSQL ask for room again and again, and fails as it likes. */
const full = (name: string, needsRoom: RegExp, provoke: (world: World) => Promise<void>): Fault => ({
  name,
  needs: ['root', 'loop-mount'],
  setting: { storage: { kind: 'ext4', sizeMiB: 400 } },
  strike: (world) =>
    underLoad(world, async () => {
      const { dataFolder } = world.server
      await mountedAt(dataFolder)
      const log = await logOf(world)
      const filler = join(dataFolder, 'filler')
      const answers = new Map<number, number>()
      /** PostgreSQL's own log is on that disk: what it could not say is not there. */
      const lasts = async () => {
        const runs = await statusOf(world, '/v1/runs')
        answers.set(runs, (answers.get(runs) ?? 0) + 1)
        return (await statusOf(world, '/readyz')) === 503
      }
      try {
        await fill(filler)
        await until('an event is refused for want of room', patienceMs, async () => {
          await provoke(world).catch(() => undefined)
          await fill(filler)
          return await lasts()
        })
        for (const end = performance.now() + lastsMs; performance.now() < end; await pause(100)) await lasts()
      } finally {
        await rm(filler, { force: true })
      }
      const said = [...answers].map(([status, times]) => `${status === 0 ? 'nothing' : status} ${times} times`).join(', ')
      return `full, and /readyz answered 503; readers were answered ${said}; ${await log.says(needsRoom, 1_000).catch(() => 'its log had no room either')}`
    }),
})

export const diskFull = full('the disk of the data folder is full', /No space left/, async () => {})

export const walFull = full('the disk is full for the write-ahead log', /pg_wal.*No space left/, async ({ database }) => {
  await database.query(
    "select pg_logical_emit_message(false, 'faults', 'one record, so that there is something to switch from'), pg_switch_wal()",
  )
})
