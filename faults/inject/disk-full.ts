/** No room is left on the disk of the data folder, for the log as for PostgreSQL's own write-ahead log; then there is some again. */
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault, World } from '../world/world.ts'
import { mountedAt } from './ext4.ts'
import { pause, until } from './processes.ts'
import { underLoad } from './serving.ts'

const lastsMs = 8_000
const patienceMs = 90_000
const chunk = Buffer.alloc(1_048_576)

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

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

export const diskFull: Fault = {
  name: 'the disk of the data folder is full',
  needs: ['root', 'loop-mount'],
  setting: { storage: { kind: 'ext4', sizeMiB: 400 } },
  strike: (world) =>
    underLoad(world, async () => {
      const { dataFolder } = world.server
      await mountedAt(dataFolder)
      const filler = join(dataFolder, 'filler')
      try {
        await fill(filler)
        const readers = new Map<number, number>()
        await until('an event is refused for want of room', patienceMs, async () => {
          await fill(filler)
          const status = await statusOf(world, '/v1/runs')
          readers.set(status, (readers.get(status) ?? 0) + 1)
          return (await statusOf(world, '/readyz')) === 503
        })
        const free = await freeBytes(dataFolder)
        for (const end = performance.now() + lastsMs; performance.now() < end; await pause(100)) {
          const status = await statusOf(world, '/v1/runs')
          readers.set(status, (readers.get(status) ?? 0) + 1)
        }
        const said = [...readers].map(([status, times]) => `${status === 0 ? 'nothing' : status} ${times} times`).join(', ')
        return `${free} bytes were free and /readyz answered 503; readers were answered ${said}`
      } finally {
        await rm(filler, { force: true })
      }
    }),
}
