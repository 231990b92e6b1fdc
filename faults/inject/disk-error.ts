/** The disk below PostgreSQL fails to sync, or takes its time: by strace, which stands between its processes and the kernel. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault, World } from '../world/world.ts'
import { logOf } from './postgres.ts'
import { ended, family, pause, signal, until } from './processes.ts'
import { underLoad } from './serving.ts'

const attachMs = 20_000

interface Tracing {
  /** How many calls were touched. */
  touched(): Promise<number>
  stop(): Promise<void>
}

/** Injects into every process of PostgreSQL, and those it makes meanwhile, until it is stopped. */
async function inject(world: World, calls: string, what: string): Promise<Tracing> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-strace-'))
  const file = join(folder, 'calls')
  const pids = family(await world.database.postmasterPid())
  const args = ['-f', '-o', file, '-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`, ...pids.flatMap((pid) => ['-p', String(pid)])]
  const child: ChildProcess = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'exit')
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const tracing: Tracing = {
    async touched() {
      return (await readFile(file, 'utf8')).split('\n').filter((line) => /\((INJECTED|DELAYED)\)/.test(line)).length
    },
    async stop() {
      // It lets go of them and ends; PostgreSQL goes on.
      child.kill('SIGTERM')
      await exit
      await rm(folder, { recursive: true })
    },
  }
  try {
    await until('strace is attached', attachMs, () => {
      if (child.exitCode !== null) throw new Error(`strace could not attach: ${said.trim()}`)
      return said.includes('attached')
    })
    return tracing
  } catch (error) {
    await tracing.stop()
    throw error
  }
}

export const syncFails: Fault = {
  name: 'fsync and fdatasync of PostgreSQL answer EIO',
  needs: ['root', 'strace'],
  strike: (world) =>
    underLoad(world, async () => {
      const log = await logOf(world)
      const postmaster = await world.database.postmasterPid()
      const tracing = await inject(world, 'fdatasync,fsync,syncfs', 'error=EIO')
      try {
        const panic = await log.says(/PANIC: .*Input\/output error/, 30_000)
        // It cannot recover either, and ends, or does not learn that its recovery died, and waits for it for ever.
        const hasEnded = await ended(postmaster, 15_000).catch(() => false)
        if (hasEnded === false) signal(postmaster, 'SIGKILL')
        const how = hasEnded === false ? 'it stood still in its recovery, and was killed' : 'it ended by itself'
        return `${await tracing.touched()} calls answered EIO; ${panic}; ${how}`
      } finally {
        await tracing.stop()
      }
    }),
}

/** `ms`: how much longer each sync takes. */
export const slowDisk = (ms: number, forMs: number): Fault => ({
  name: 'a slow disk below PostgreSQL',
  needs: ['root', 'strace'],
  strike: (world) =>
    underLoad(world, async () => {
      const tracing = await inject(world, 'fdatasync,fsync', `delay_enter=${ms * 1_000}`)
      try {
        await pause(forMs)
        const touched = await tracing.touched()
        if (touched === 0) throw new Error('PostgreSQL synced nothing while its disk was slow.')
        return `${touched} syncs took ${ms} ms more`
      } finally {
        await tracing.stop()
      }
    }),
})
