/** The operating system gives the server no more: no file descriptors, no memory. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Fault } from '../world/world.ts'
import { run } from './ext4.ts'
import { ended, isAlive, openFiles, pause, residentMiB } from './processes.ts'
import { serving, underLoad } from './serving.ts'

const spareFiles = 4
const sockets = 64
const filesGoneMs = 4_000

/** `closed`: how many of them the server closed unasked. */
function holdSockets(url: string) {
  const { hostname, port } = new URL(url)
  let closed = 0
  const held: Socket[] = Array.from({ length: sockets }, () => {
    const socket = connectSocket(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      closed += 1
    })
    return socket
  })
  return {
    closed: () => closed,
    end() {
      for (const socket of held) socket.destroy()
    },
  }
}

const softLimit = (limits: string) => /^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? '1024'

export const filesExhausted: Fault = {
  name: 'no file descriptors left for the server',
  needs: ['root'],
  strike: (world) =>
    underLoad(world, async () => {
      const pid = world.server.pid()
      const before = softLimit(await readFile(`/proc/${pid}/limits`, 'utf8'))
      const limit = openFiles(pid) + spareFiles
      await run('prlimit', ['--pid', String(pid), `--nofile=${limit}:`])
      const held = holdSockets(world.server.url)
      try {
        await pause(filesGoneMs)
        if (!isAlive(pid)) throw new Error('The server did not live through it.')
        const turnedAway = held.closed()
        if (turnedAway === 0) throw new Error(`All ${sockets} connections were taken, with ${limit} descriptors.`)
        return `${openFiles(pid)} of ${limit} descriptors open; ${turnedAway} of ${sockets} connections were turned away`
      } finally {
        held.end()
        await run('prlimit', ['--pid', String(pid), `--nofile=${before}:`])
      }
    }),
}

/** Of version 1: the kernel kills the server, and nothing else, when it wants more than it has. */
const cgroup = '/sys/fs/cgroup/memory/signalbox-faults'

const leavingMs = 10_000
/** A process that was killed is in it until its last thread has ended. */
async function removed(group: string): Promise<void> {
  for (const until = performance.now() + leavingMs; ; ) {
    try {
      return await rmdir(group)
    } catch (error) {
      if (performance.now() > until) throw error
      await pause(50)
    }
  }
}

export const memoryLimit: Fault = {
  name: 'the kernel kills the server for want of memory',
  needs: ['root', 'cgroup'],
  strike: (world) =>
    underLoad(world, async () => {
      const { server } = world
      const pid = server.pid()
      const had = residentMiB(pid)
      await mkdir(cgroup)
      try {
        await writeFile(join(cgroup, 'memory.limit_in_bytes'), String(16 * 1_048_576))
        await writeFile(join(cgroup, 'memory.swappiness'), '0').catch(() => undefined)
        // What it has is charged elsewhere; what it takes from now on is charged here.
        await writeFile(join(cgroup, 'cgroup.procs'), String(pid))
        const filling = fetch(`${server.url}/v1/events`, { method: 'POST', body: Buffer.alloc(15 * 1_048_576, ' ') }).catch(() => undefined)
        await ended(pid, 60_000)
        await filling
        const control = await readFile(join(cgroup, 'memory.oom_control'), 'utf8')
        const kills = Number(/^oom_kill (\d+)$/m.exec(control)?.[1] ?? 0)
        if (kills === 0) throw new Error('The server ended, and not by the kernel.')
        return `pid ${pid} of ${Math.round(had)} MiB was killed by the kernel: oom_kill ${kills}`
      } finally {
        await removed(cgroup)
      }
    }),
}

/** MiB: enough to start with, and too little to work with. */
const smallHeapMiB = 34

export const heapExhausted: Fault = {
  name: 'the heap of the server is exhausted',
  async strike(world) {
    const { server } = world
    try {
      await world.acknowledged(1, 60_000)
      await server.kill()
      await server.start({ NODE_OPTIONS: `--max-old-space-size=${smallHeapMiB}` }).catch(() => undefined)
      const pid = server.pid()
      const bodies = JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ type: 'poison', data: { i, text: 'x'.repeat(1_000) } })))
      for (let tries = 0; tries < 100 && isAlive(pid); tries += 1)
        await Promise.all(
          Array.from({ length: 8 }, () =>
            fetch(`${server.url}/v1/events`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: bodies,
              signal: AbortSignal.timeout(10_000),
            }).then(
              (answer) => answer.arrayBuffer(),
              () => undefined,
            ),
          ),
        )
      await ended(pid)
      return `pid ${pid} ended by itself with a heap of ${smallHeapMiB} MiB`
    } finally {
      await serving(world)
    }
  },
}
