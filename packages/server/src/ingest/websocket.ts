/** The WebSocket door `/v1/ingest`: numbered batches, cumulative acks, a credit window in events. Frames: model/live.ts. */
import { closeCodes, type IngestServerFrame } from '@signalbox/model/live.ts'
import type { WebSocket } from 'ws'
import { Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Caller, Upgrades } from '../http.ts'
import type { Receipt, Receive } from './receive.ts'

export interface IngestSocketDeps {
  readonly receive: Receive
  readonly config: {
    readonly ingestCredit: number
    readonly maxBatchEvents: number
    readonly maxBodyBytes: number
    readonly heartbeatMs: number
  }
  readonly clock: Clock
  readonly onFault: (error: unknown) => void
}

export interface IngestSockets {
  /** Asks every sender to come back later or elsewhere. */
  drain(): void
}

interface InFlight {
  readonly n: number
  readonly events: number
  receipt?: Receipt
}

const drainReconnectMs: readonly [number, number] = [500, 3_000]

export function registerIngestSocket(upgrades: Upgrades, deps: IngestSocketDeps): IngestSockets {
  const open = new Set<WebSocket>()
  upgrades.on('/v1/ingest', 'ingest', ['signalbox.json'], (socket, _request, caller) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    serve(socket, caller, deps)
  })
  return {
    drain() {
      for (const socket of open) send(socket, { kind: 'goaway', reason: 'drain', reconnectInMs: drainReconnectMs })
    },
  }
}

const send = (socket: WebSocket, frame: IngestServerFrame) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(frame))

function serve(socket: WebSocket, caller: Caller, { receive, config, clock, onFault }: IngestSocketDeps): void {
  /** Batches taken and not yet acknowledged, in order. */
  let flight: InFlight[] = []
  let events = 0
  /** The number the next batch must have; undefined before the first, which is free to choose. */
  let expected: number | undefined
  /** After `retry` the batches that were on their way are ignored until the one asked for comes. */
  let awaitingRetry = false

  const fail = (code: number, reason: string, message: string) => {
    send(socket, { kind: 'error', code: reason, message })
    socket.close(code, reason)
  }

  const ackReady = () => {
    const ready: InFlight[] = []
    while (flight[0]?.receipt !== undefined) ready.push(...flight.splice(0, 1))
    const last = ready.at(-1)
    if (last?.receipt === undefined) return
    events -= ready.reduce((sum, batch) => sum + batch.events, 0)
    send(socket, {
      kind: 'ack',
      n: last.n,
      accepted: ready.reduce((sum, { receipt }) => sum + (receipt?.accepted ?? 0), 0),
      duplicates: ready.reduce((sum, { receipt }) => sum + (receipt?.duplicates ?? 0), 0),
      refused: ready.flatMap(({ n, receipt }) => (receipt?.refused ?? []).map((refusal) => ({ n, ...refusal }))),
      durability: last.receipt.durability,
      cursor: last.receipt.cursor,
      credit: config.ingestCredit - events,
    })
  }

  const takeBatch = (n: number, list: readonly unknown[]) => {
    if (awaitingRetry && n !== expected) return
    if (expected !== undefined && n !== expected)
      return fail(closeCodes.protocol, 'BAD_REQUEST', `Batch ${n} came where ${expected} was expected.`)
    if (list.length > config.maxBatchEvents)
      return fail(closeCodes.tooLarge, 'BATCH_TOO_LARGE', `Batch ${n} has ${list.length} events; the limit is ${config.maxBatchEvents}.`)
    if (events > 0 && events + list.length > config.ingestCredit)
      return fail(closeCodes.protocol, 'BAD_REQUEST', `Batch ${n} passes the credit of ${config.ingestCredit} events.`)
    awaitingRetry = false
    expected = n + 1
    const batch: InFlight = { n, events: list.length }
    flight.push(batch)
    events += list.length
    receive(
      list.map((value) => ({ value })),
      { tenant: caller.tenant, door: 'websocket', backfill: false },
    ).then(
      (receipt) => {
        batch.receipt = receipt
        ackReady()
      },
      (error: unknown) => {
        // An earlier batch failed and asked for this one again too.
        if (!flight.includes(batch)) return
        const before = flight.indexOf(batch)
        events = flight.slice(0, before).reduce((sum, held) => sum + held.events, 0)
        flight = flight.slice(0, before)
        expected = n
        awaitingRetry = true
        const unavailable = error instanceof Unavailable
        if (!unavailable) onFault(error)
        send(socket, {
          kind: 'retry',
          n,
          code: unavailable ? error.code : 'INTERNAL',
          message: 'This batch and those after it were not taken; send them again with the same ids.',
          retryAfterMs: unavailable ? error.retryAfterMs : 1_000,
        })
      },
    )
  }

  let alive = true
  let cancelPing = () => {}
  const ping = () => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
    cancelPing = clock.after(config.heartbeatMs, ping)
  }
  cancelPing = clock.after(config.heartbeatMs, ping)
  socket.on('pong', () => {
    alive = true
  })
  socket.on('close', () => cancelPing())
  socket.on('error', () => socket.terminate())
  socket.on('message', (bytes) => {
    alive = true
    let frame: { kind?: unknown; n?: unknown; events?: unknown }
    try {
      frame = JSON.parse(String(bytes)) as typeof frame
    } catch {
      return fail(closeCodes.protocol, 'MALFORMED_JSON', 'A frame is not JSON.')
    }
    if (frame?.kind !== 'batch' || !Number.isSafeInteger(frame.n) || !Array.isArray(frame.events)) {
      return fail(closeCodes.protocol, 'BAD_REQUEST', 'A frame must be {kind: "batch", n, events: [...]}.')
    }
    takeBatch(frame.n as number, frame.events)
  })
  send(socket, { kind: 'welcome', credit: config.ingestCredit, maxBatchEvents: config.maxBatchEvents, maxFrameBytes: config.maxBodyBytes })
}
