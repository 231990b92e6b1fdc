/** Beside a peer that is slow: what a healthy dashboard gets, and what the server holds. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { WebSocket } from 'ws'
import type { ServerProcess } from '../../world/world.ts'

/** From received by the server to seen here, on a machine that does much else. */
const mostLateMs = 3_000
/** A slow peer may cost its bound (`socketBytes`, and the frame that passed it); the rest of this is the server's own ups and downs. */
const mostGrownMiB = 200
const lookEveryMs = 50

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024
}

export interface Health {
  /** In words; rejects when it was not well. */
  verdict(): string
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens a healthy dashboard of the events from now on, and watches. */
export async function watchHealth(server: ServerProcess): Promise<Health> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live?feed=events`)
  let events = 0
  let worstMs = 0
  let closed: number | undefined
  socket.on('message', (bytes) => {
    const frame = JSON.parse(String(bytes)) as ServerFrame
    if (frame.kind !== 'events') return
    events += frame.items.length
    for (const { receivedAt } of frame.items) worstMs = Math.max(worstMs, Date.now() - Date.parse(receivedAt))
  })
  socket.on('close', (code) => {
    closed = code
  })
  await once(socket, 'open')
  const before = await residentMiB(server.pid())
  let most = before
  const looking = setInterval(() => {
    residentMiB(server.pid()).then(
      (now) => {
        most = Math.max(most, now)
      },
      () => undefined,
    )
  }, lookEveryMs)

  return {
    verdict() {
      const grown = Math.round(most - before)
      const said = `a healthy dashboard got ${events} events, the latest of them ${worstMs} ms late; the server grew by ${grown} MiB`
      if (events === 0 || closed !== undefined || worstMs > mostLateMs || grown > mostGrownMiB)
        throw new Error(`A slow peer cost others too much: ${said}${closed === undefined ? '' : ` and closed it with ${closed}`}.`)
      return said
    },
    async [Symbol.asyncDispose]() {
      clearInterval(looking)
      socket.terminate()
    },
  }
}
