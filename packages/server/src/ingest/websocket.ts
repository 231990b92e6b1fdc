/**
 * The WebSocket door `/v1/ingest`: numbered batches, cumulative acks, a credit window in events. Frames: model/live.ts, in the codec
 * that the subprotocol names.
 *
 * Bounds of one peer: `ingestCredit` events, the bytes of one largest frame, and `unreadBytes` of answers. Past the last two nothing
 * is read from it; past the credit it is closed.
 */
import type { Socket } from 'node:net'
import { codecs, subprotocols } from '@signalbox/model/codecs/codec.ts'
import { closeCodes, type IngestServerFrame } from '@signalbox/model/live.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { WebSocket } from 'ws'
import { Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { Refused } from '../http/problem.ts'
import type { Caller, Upgrades } from '../http.ts'
import { asItem } from './as-json.ts'
import { decompressFrame, isCompressed } from './compressed-frame.ts'
import type { Receipt, Receive } from './receive.ts'

export interface IngestSocketDeps {
  readonly receive: Receive
  readonly config: {
    readonly ingestCredit: number
    readonly maxBatchEvents: number
    readonly maxBodyBytes: number
    readonly heartbeatMs: number
    readonly maxIngestSockets: number
  }
  readonly clock: Clock
  readonly onFault: (error: unknown) => void
  /** Counts a socket that was not let in. */
  readonly onRefused: (code: RefusalCode) => void
}

export interface IngestSockets {
  /** Asks every sender to come back later or elsewhere, takes no further batch, and closes each when what it sent is acknowledged. */
  drain(): void
}

interface InFlight {
  readonly n: number
  readonly events: number
  readonly bytes: number
  receipt?: Receipt
}

const drainReconnectMs: readonly [number, number] = [500, 3_000]
/** Longest that one frame may come in pieces: the largest then needs an uplink of 56 kB a second. */
const longestFrameMs = 300_000
/** Answers that a peer has not read, before it is no longer read from. */
const unreadBytes = 256 * 1024
/** What a batch costs us beside its bytes. */
const batchBytes = 1_024

export function registerIngestSocket(upgrades: Upgrades, deps: IngestSocketDeps): IngestSockets {
  const open = new Set<() => void>()
  upgrades.on('/v1/ingest', 'ingest', subprotocols, (socket, request, caller) => {
    if (open.size >= deps.config.maxIngestSockets) {
      deps.onRefused('TOO_MANY_CONNECTIONS')
      return socket.close(closeCodes.tryLater, 'TOO_MANY_CONNECTIONS')
    }
    const drain = serve(socket, request.socket, caller, deps)
    open.add(drain)
    socket.on('close', () => open.delete(drain))
  })
  return {
    drain() {
      for (const drain of open) drain()
    },
  }
}

/** Answers how to drain it. */
function serve(socket: WebSocket, raw: Socket, caller: Caller, { receive, config, clock, onFault }: IngestSocketDeps): () => void {
  const codec = Object.values(codecs).find(({ subprotocol }) => subprotocol === socket.protocol) ?? codecs.json
  /** Batches taken and not yet acknowledged, in order. */
  let flight: InFlight[] = []
  let events = 0
  let bytes = 0
  /** The number the next batch must have; undefined before the first, which is free to choose. */
  let expected: number | undefined
  /** After `retry` the batches that were on their way are ignored until the one asked for comes. */
  let awaitingRetry = false
  let draining = false
  let acking = false

  const waitsForUs = () => bytes >= config.maxBodyBytes
  /** Stops reading from a peer that is ahead of us, or does not read us, and goes on when it is no longer. */
  const balance = () => {
    const isAhead = waitsForUs() || socket.bufferedAmount > unreadBytes
    if (isAhead && !socket.isPaused) socket.pause()
    else if (!isAhead && socket.isPaused) socket.resume()
  }
  const send = (frame: IngestServerFrame) => {
    if (socket.readyState === socket.OPEN) socket.send(codec.encode(frame), balance)
  }
  const fail = (code: number, reason: string, message: string) => {
    send({ kind: 'error', code: reason, message })
    socket.close(code, reason)
  }
  const count = () => {
    events = flight.reduce((sum, batch) => sum + batch.events, 0)
    bytes = flight.reduce((sum, batch) => sum + batch.bytes, 0)
    balance()
  }
  const closeIfDrained = () => draining && flight.length === 0 && socket.close(closeCodes.restart, 'DRAINING')

  const ackReady = () => {
    const ready: InFlight[] = []
    while (flight[0]?.receipt !== undefined) ready.push(...flight.splice(0, 1))
    const last = ready.at(-1)
    if (last?.receipt === undefined) return
    count()
    send({
      kind: 'ack',
      n: last.n,
      accepted: ready.reduce((sum, { receipt }) => sum + (receipt?.accepted ?? 0), 0),
      duplicates: ready.reduce((sum, { receipt }) => sum + (receipt?.duplicates ?? 0), 0),
      refused: ready.flatMap(({ n, receipt }) => (receipt?.refused ?? []).map((refusal) => ({ n, ...refusal }))),
      durability: last.receipt.durability,
      cursor: last.receipt.cursor,
      credit: config.ingestCredit - events,
    })
    closeIfDrained()
  }

  /** Batches of one commit are settled in one turn of the loop, and acknowledged by one frame. */
  const ackSoon = () => {
    if (acking) return
    acking = true
    setImmediate(() => {
      acking = false
      ackReady()
    })
  }

  const expectAgain = (batch: InFlight) => {
    if (!flight.includes(batch) || (awaitingRetry && expected !== undefined && expected <= batch.n)) return
    expected = batch.n
    awaitingRetry = true
  }

  const takeBatch = (n: number, list: readonly unknown[], frameBytes: number) => {
    // Who was told to go sends what was not acknowledged elsewhere.
    if (draining) return
    if (awaitingRetry && n !== expected) return
    if (expected !== undefined && n !== expected)
      return fail(closeCodes.protocol, 'BAD_REQUEST', `Batch ${n} came where ${expected} was expected.`)
    if (list.length > config.maxBatchEvents)
      return fail(closeCodes.tooLarge, 'BATCH_TOO_LARGE', `Batch ${n} has ${list.length} events; the limit is ${config.maxBatchEvents}.`)
    if (events > 0 && events + list.length > config.ingestCredit)
      return fail(closeCodes.protocol, 'BAD_REQUEST', `Batch ${n} passes the credit of ${config.ingestCredit} events.`)
    awaitingRetry = false
    expected = n + 1
    const batch: InFlight = { n, events: list.length, bytes: frameBytes + batchBytes }
    flight.push(batch)
    count()
    receive(
      list.map((value) => (codec === codecs.json ? { value } : asItem(value))),
      {
        tenant: caller.tenant,
        door: 'websocket',
        backfill: false,
        // Its other part may wait long; a later batch that lands meanwhile would overtake what failed.
        onFailure: () => expectAgain(batch),
      },
    ).then(
      (receipt) => {
        batch.receipt = receipt
        ackSoon()
      },
      (error: unknown) => {
        // An earlier batch failed and asked for this one again too.
        if (!flight.includes(batch)) return
        expectAgain(batch)
        flight = flight.slice(0, flight.indexOf(batch))
        count()
        const unavailable = error instanceof Unavailable
        if (!unavailable) onFault(error)
        send({
          kind: 'retry',
          n,
          code: unavailable ? error.code : 'INTERNAL',
          message: 'This batch and those after it are not acknowledged; send them again with the same ids.',
          retryAfterMs: unavailable ? error.retryAfterMs : 1_000,
        })
        closeIfDrained()
      },
    )
  }

  /** Bytes at the last beat. */
  let read = -1
  /** Since then no frame came whole. */
  let wholeAt = clock.monotonic()
  const heardWhole = () => {
    wholeAt = clock.monotonic()
  }
  let cancelPing = () => {}
  const ping = () => {
    // A peer that we do not read from cannot be heard. While a large frame comes slowly no pong can: its bytes are the sign of life.
    if (waitsForUs()) heardWhole()
    else if (raw.bytesRead === read || clock.monotonic() - wholeAt >= longestFrameMs) return socket.terminate()
    read = raw.bytesRead
    socket.ping()
    cancelPing = clock.after(config.heartbeatMs, ping)
  }
  cancelPing = clock.after(config.heartbeatMs, ping)
  socket.on('pong', heardWhole)
  socket.on('close', () => cancelPing())
  socket.on('error', () => socket.terminate())
  socket.on('message', (content: Buffer, isBinary) => {
    heardWhole()
    // What comes after an error is not taken: its sender is told of the error instead.
    if (socket.readyState !== socket.OPEN) return
    if (content.length > config.maxBodyBytes)
      return fail(closeCodes.tooLarge, 'BODY_TOO_LARGE', `A frame has ${content.length} bytes; the limit is ${config.maxBodyBytes}.`)
    let frame: { readonly kind?: unknown; readonly n?: unknown; readonly events?: unknown }
    let bytes = content
    try {
      if (isBinary && isCompressed(content)) bytes = decompressFrame(content, config.maxBodyBytes)
      frame = codec.decode(isBinary ? bytes : content.toString())
    } catch (error) {
      if (error instanceof Refused)
        return fail(error.init.code === 'BODY_TOO_LARGE' ? closeCodes.tooLarge : closeCodes.protocol, error.init.code, error.init.detail)
      const code = error instanceof SyntaxError ? 'MALFORMED_JSON' : 'BAD_REQUEST'
      return fail(closeCodes.protocol, code, `A frame could not be read as ${codec.name}: ${String(error).slice(0, 200)}.`)
    }
    const { kind, n, events: list } = frame
    if (kind !== 'batch' || typeof n !== 'number' || !Number.isSafeInteger(n) || !Array.isArray(list))
      return fail(closeCodes.protocol, 'BAD_REQUEST', 'A frame must be {kind: "batch", n, events: [...]}.')
    takeBatch(n, list, bytes.length)
  })
  send({
    kind: 'welcome',
    credit: config.ingestCredit,
    maxBatchEvents: config.maxBatchEvents,
    maxFrameBytes: config.maxBodyBytes,
    zstd: true,
  })

  return () => {
    draining = true
    send({ kind: 'goaway', reason: 'drain', reconnectInMs: drainReconnectMs })
    closeIfDrained()
  }
}
