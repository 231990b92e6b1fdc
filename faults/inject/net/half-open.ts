/** Peers that vanish without a word, a dashboard and an agent: the server must find out by itself and let go of both. */
import { once } from 'node:events'
import { deadAfterMs, heartbeatMs as usualHeartbeatMs } from '@signalbox/model/live.ts'
import { WebSocket } from 'ws'
import type { Fault } from '../../world/world.ts'
import { startProxy } from '../proxy.ts'
import { until } from './wait.ts'

// Not so short that who lives and is busy is taken for gone.
const heartbeatMs = 2_000
/** As many heartbeats as the protocol says, and what a busy machine adds; who looks for no heartbeat never finds out. */
const noticedWithinMs = (heartbeatMs * deadAfterMs) / usualHeartbeatMs + 15_000

export const halfOpen: Fault = {
  name: 'clients: half-open sockets',
  setting: { env: { SIGNALBOX_HEARTBEAT_MS: String(heartbeatMs) } },
  async strike({ server }) {
    const proxy = await startProxy(server.url)
    const options = { headers: { host: new URL(server.url).host } }
    const open = (path: string) => new WebSocket(`${proxy.url.replace('http', 'ws')}${path}`, options)
    // Of nobody: past its bound a stalled proxy takes no more bytes, and would not see the end behind them.
    const sockets = [open('/v1/live?feed=events&agent=nobody'), open('/v1/live?feed=state&agent=nobody'), open('/v1/ingest')]
    for (const socket of sockets) socket.on('error', () => undefined)
    try {
      await Promise.all(sockets.map((socket) => once(socket, 'message')))
      proxy.behave({ kind: 'stall', side: 'both' })
      for (const socket of sockets) socket.terminate()
      const ms = await until('the server let go of peers that vanished', noticedWithinMs, () => proxy.standing() === 0)
      return `${sockets.length} peers vanished and were let go after ${Math.round(ms)} ms, ${(ms / heartbeatMs).toFixed(2)} heartbeats`
    } finally {
      for (const socket of sockets) socket.terminate()
      await proxy.close()
    }
  },
}
