/** The ingest WebSocket's door itself, on a socket in memory and before a broker that stores all. */
import { EventEmitter } from 'node:events'
import { limits as bounds } from '@signalbox/model/event.ts'
import { createReceive } from '@signalbox/server/ingest/receive.ts'
import { registerIngestSocket } from '@signalbox/server/ingest/websocket.ts'
import { createMetrics } from '@signalbox/server/ops/metrics.ts'
import { must } from '../fuzz.ts'

export const config = { ingestCredit: 100, maxBatchEvents: 50, maxBodyBytes: 32 * 1024, heartbeatMs: 20_000, maxIngestSockets: 1_000_000 }
const clock = { now: () => Date.now(), monotonic: () => performance.now(), after: () => () => {} }
let refused = 0
/** Items refused so far, all of them kept. */
export const keptSoFar = () => refused

const receive = createReceive({
  broker: {
    async publish({ events }) {
      // Some sooner than others.
      for (let turns = events.length % 3; turns > 0; turns -= 1) await nextTurn()
      return { durability: 'durable', outcomes: events.map((_, position) => ({ kind: 'stored', position })), head: events.length }
    },
  },
  partitions: 2,
  quarantine: async (rows) => {
    for (const { body, message } of rows) must(typeof body === 'string' && message.length < 2_000, 'what is kept is text')
    refused += rows.length
    return rows.length
  },
  cursor: () => 'c',
  limits: { maxDepth: bounds.dataDepth, maxKeys: bounds.dataKeys, maxStringChars: bounds.stringChars },
  durability: 'durable',
  clock,
  metrics: createMetrics(),
  onFault: (error) => {
    throw error
  },
})

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

type Accept = Parameters<Parameters<typeof registerIngestSocket>[0]['on']>[3]
function door(): Accept {
  let accept: Accept | undefined
  const upgrades = {
    on(_path: string, _scope: string, _protocols: readonly string[], with_: Accept) {
      accept = with_
    },
  }
  const onFault = (error: unknown) => {
    throw error
  }
  registerIngestSocket(upgrades, { receive, config, clock, onFault, onRefused: () => undefined })
  if (accept === undefined) throw new Error('The door did not register.')
  return accept
}
const accept = door()

/** As much of `ws` as the door uses. */
function socketOf(protocol: string) {
  const sent: (string | Uint8Array)[] = []
  const socket = Object.assign(new EventEmitter(), {
    protocol,
    OPEN: 1,
    readyState: 1,
    isPaused: false,
    bufferedAmount: 0,
    closedWith: undefined as number | undefined,
    send(bytes: string | Uint8Array, done: () => void) {
      sent.push(bytes)
      done()
    },
    close(code: number) {
      socket.closedWith ??= code
      socket.readyState = 2
    },
    pause: () => Object.assign(socket, { isPaused: true }),
    resume: () => Object.assign(socket, { isPaused: false }),
    ping() {},
    terminate() {},
  })
  return { socket, sent }
}

export function openSocket(protocol: string): ReturnType<typeof socketOf> {
  const made = socketOf(protocol)
  const caller: Parameters<Accept>[2] = { tenant: 'default', scopes: new Set(['ingest']) }
  accept(made.socket as unknown as Parameters<Accept>[0], {} as Parameters<Accept>[1], caller, async () => ({ caller }))
  return made
}
