/** Dashboards that ask for much and never read: each is closed with 4008, and who reads beside them does not notice. */
import { once } from 'node:events'
import { closeCodes } from '@signalbox/model/live.ts'
import { WebSocket } from 'ws'
import type { Fault, ServerProcess } from '../../world/world.ts'
import { watchHealth } from './healthy.ts'
import { until } from './wait.ts'

const dashboards = 4
/** Each from the start of the log, so that the kernel's buffers, of some megabytes, are full however short the log is. */
const subscriptions = 40
const slowCloseMs = 1_500
const livingEveryMs = 300
const patienceMs = 60_000
const endWithinMs = 10_000
const mostRounds = 5

const isOpen = ({ readyState }: WebSocket) => readyState !== WebSocket.CLOSED

/** What one filter is not: each makes frames of its own. All match every event. */
const filterOf = (n: number) => ({
  type: ['agent.*', 'run.*', 'task.*', 'plan.*', 'llm.*', 'tool.*', 'message.*', 'custom.*', 'log', 'metric', `x${n}.*`],
})

async function openBlocked({ url }: ServerProcess): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live`)
  await once(socket, 'open')
  socket.pause()
  // It lives, and says so: else it would be let go as vanished.
  const living = setInterval(() => socket.pong(), livingEveryMs)
  socket.on('close', () => clearInterval(living))
  socket.on('error', () => undefined)
  for (let n = 0; n < subscriptions; n += 1)
    socket.send(JSON.stringify({ kind: 'subscribe', ref: String(n), feed: 'events', filter: filterOf(n), from: 'start' }))
  return socket
}

async function slowCloses({ url }: ServerProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^signalbox_live_slow_closes_total (\d+)/m.exec(text)?.[1] ?? 0)
}

export const blockedDashboard: Fault = {
  name: 'clients: blocked dashboards',
  setting: { env: { SIGNALBOX_SLOW_CLOSE_MS: String(slowCloseMs) } },
  async strike(world) {
    const { server } = world
    const health = await watchHealth(server)
    const before = await slowCloses(server)
    const blocked: WebSocket[] = []
    try {
      for (let n = 0; n < dashboards; n += 1) blocked.push(await openBlocked(server))
      const codes = new Map<number, number>()
      for (const socket of blocked) socket.on('close', (code) => codes.set(code, (codes.get(code) ?? 0) + 1))
      let ms = 0
      let seen = before
      let open: readonly WebSocket[] = blocked
      for (let rounds = 0; open.length > 0; rounds += 1) {
        if (rounds === mostRounds) throw new Error(`${open.length} blocked dashboards were not closed.`)
        for (const socket of open) socket.pause()
        ms += await until('blocked dashboards were closed', patienceMs, async () => (await slowCloses(server)) >= seen + open.length)
        seen = await slowCloses(server)
        await world.acknowledged(1, patienceMs)
        // Now they read: what was on its way, and the close behind it.
        for (const socket of open) socket.resume()
        await until('they saw their end', endWithinMs, () => !open.some(isOpen)).catch(() => undefined)
        // Whoever else is slow is counted too: those whom it did not hit are blocked again.
        open = open.filter(isOpen)
      }
      if (!codes.has(closeCodes.slowConsumer)) throw new Error(`No blocked dashboard was told why: ${JSON.stringify([...codes])}.`)
      const told = [...codes].map(([code, times]) => `${times} with ${code}`).join(', ')
      return `${dashboards} dashboards never read and were closed within ${Math.round(ms)} ms (${told}); ${health.verdict()}`
    } finally {
      for (const socket of blocked) socket.terminate()
      await health[Symbol.asyncDispose]()
    }
  },
}
