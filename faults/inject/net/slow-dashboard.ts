/** Dashboards that read a byte a second of a stream that has much to say. */
import { connect, type Socket } from 'node:net'
import type { Fault, ServerProcess } from '../../world/world.ts'
import { watchHealth } from './healthy.ts'
import { lasting, until } from './wait.ts'

const dashboards = 50
const aByteEveryMs = 1_000
const patienceMs = 15_000

interface SlowReader {
  readonly socket: Socket
  readonly read: () => number
}

function openSlow({ url }: ServerProcess): SlowReader {
  const { hostname, port, host } = new URL(url)
  let bytes = 0
  const socket = connect({
    host: hostname,
    port: Number(port),
    onread: {
      // Its size is what one read takes from the kernel.
      buffer: Buffer.alloc(1),
      callback() {
        bytes += 1
        setTimeout(() => socket.resume(), aByteEveryMs)
        return false
      },
    },
  })
  socket.on('error', () => undefined)
  socket.write(`GET /v1/stream?feed=events&from=start HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  return { socket, read: () => bytes }
}

export const slowDashboard: Fault = {
  name: 'clients: dashboards that read a byte a second',
  async strike(world) {
    const health = await watchHealth(world.server)
    const slow = Array.from({ length: dashboards }, () => openSlow(world.server))
    try {
      await until('all of them read', patienceMs, () => slow.every(({ read }) => read() > 0))
      await lasting(world.random.between(1_000, 20_000))
      await world.acknowledged(1, patienceMs)
      const bytes = slow.reduce((sum, { read }) => sum + read(), 0)
      return `${dashboards} dashboards read ${bytes} bytes together; ${health.verdict()}`
    } finally {
      for (const { socket } of slow) socket.destroy()
      await health[Symbol.asyncDispose]()
    }
  },
}
