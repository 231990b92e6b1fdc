/** Both doors on real sockets, with what stands behind them in the test's hand. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createHttp } from '../http.ts'
import { createInFlight } from './in-flight.ts'
import type { RawItem, Receipt, Receive } from './receive.ts'
import { restDoor } from './rest.ts'
import { registerIngestSocket } from './websocket.ts'

export const heartbeatMs = 20_000
export const accepted = (raw: readonly RawItem[]): Receipt => ({
  received: raw.length,
  accepted: raw.length,
  duplicates: 0,
  refused: [],
  durability: 'durable',
  cursor: 'c',
  made: [],
})

export async function doors(receive: Receive, more: { bodyTimeoutMs?: number; maxBodyBytes?: number; inFlightBytes?: number } = {}) {
  const clock = createFakeClock(0)
  const faults: unknown[] = []
  const refusals: string[] = []
  /** Bytes of bodies under way, as they changed. */
  const held: number[] = []
  const config = {
    bodyTimeoutMs: 30_000,
    maxBodyBytes: 1 << 20,
    inFlightBytes: 64 << 20,
    ...more,
    maxBatchEvents: 1_000,
    ingestCredit: 1_000_000,
    maxIngestSockets: 3,
    heartbeatMs,
  }
  const http = createHttp({
    config: { ...config, host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', drainMs: 0 },
    auth: { caller: async () => ({ tenant: 'default', scopes: new Set(['ingest'] as const) }) },
    log: pino({ level: 'silent' }),
  })
  await http.app.register(
    restDoor({
      receive,
      inFlight: createInFlight(config.inFlightBytes, (bytes) => held.push(bytes)),
      config,
      clock,
      onRefused: (code) => refusals.push(code),
      onFault: (error) => faults.push(error),
    }),
  )
  const ingest = registerIngestSocket(http.upgrades, {
    receive,
    config,
    clock,
    onFault: (error) => faults.push(error),
    onRefused: (code) => refusals.push(code),
  })
  const url = await http.listen()
  onTestFinished(() => http.stop())
  return {
    url,
    clock,
    faults,
    refusals,
    held,
    ingest,
    server: http.app.server,
    connections: () => new Promise<number>((resolve) => http.app.server.getConnections((_error, count) => resolve(count))),
    async post(events: readonly unknown[] = [1]) {
      const headers = { 'content-type': 'application/json', connection: 'close' }
      return (await fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) })).status
    },
    async open() {
      const { hostname, port } = new URL(url)
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
      socket.on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
      return { socket, head: `POST /v1/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` }
    },
  }
}
