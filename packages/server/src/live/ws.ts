/** The WebSocket transport `/v1/live`: several subscriptions on one socket, an optional credit window. Frames: model/live.ts. */
import type { IncomingMessage } from 'node:http'
import { type ClientFrame, closeCodes, type Filter, type ServerFrame } from '@signalbox/model/live.ts'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Caller, Upgrades } from '../http.ts'
import type { Hub, Subscribed } from './hub.ts'
import { feedOfUrl } from './query.ts'
import type { Outlet } from './session.ts'

const mostSubscriptions = 256
const mostFrameBytes = 256 * 1024
const drainReconnectMs: readonly [number, number] = [500, 5_000]

export interface LiveSocketDeps {
  readonly hub: Hub
  readonly clock: Clock
  readonly heartbeatMs: number
}

export function registerLiveSockets(upgrades: Upgrades, deps: LiveSocketDeps): void {
  upgrades.on('/v1/live', 'read', ['signalbox.json'], (socket, request, caller) => serve(socket, request, caller, deps))
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 1_400
const isTexts = (value: unknown): value is string[] | undefined =>
  value === undefined || (Array.isArray(value) && value.length <= 100 && value.every(isText))

function parse(text: string): ClientFrame | string {
  let frame: Record<string, unknown>
  try {
    frame = JSON.parse(text) as Record<string, unknown>
  } catch {
    return 'A frame is not JSON.'
  }
  if (typeof frame !== 'object' || frame === null) return 'A frame must be an object.'
  if (frame.kind === 'ping') return { kind: 'ping' }
  if (frame.kind === 'ack' && Number.isSafeInteger(frame.bytes) && Number(frame.bytes) >= 0)
    return { kind: 'ack', bytes: Number(frame.bytes) }
  if (frame.kind === 'unsubscribe' && isText(frame.sub)) return { kind: 'unsubscribe', sub: frame.sub }
  if (frame.kind !== 'subscribe')
    return 'The kinds of frames are subscribe, unsubscribe, ack and ping, with the fields in the documentation.'
  const filter = (frame.filter ?? {}) as Record<string, unknown>
  if (!isText(frame.ref) || (frame.feed !== 'events' && frame.feed !== 'state')) return 'subscribe needs ref and feed: "events" or "state".'
  if (typeof filter !== 'object' || !(['run', 'agent', 'type', 'task'] as const).every((name) => isTexts(filter[name])))
    return 'filter takes run, agent, type and task, each a list of texts.'
  if (frame.cursor !== undefined && !isText(frame.cursor)) return 'cursor must be a text.'
  return {
    kind: 'subscribe',
    ref: frame.ref,
    feed: frame.feed,
    filter: filter as Filter,
    ...(frame.cursor === undefined ? {} : { cursor: frame.cursor }),
  }
}

function serve(socket: WebSocket, request: IncomingMessage, caller: Caller, { hub, clock, heartbeatMs }: LiveSocketDeps): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const window = Number(url.searchParams.get('credit') ?? 0)
  const subscriptions = new Map<string, Subscribed>()
  let uncredited = 0
  const say = (frame: ServerFrame) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(frame))
  const seat = hub.enter('websocket', () => {
    say({ kind: 'goaway', reason: 'drain', reconnectInMs: drainReconnectMs })
    socket.close(closeCodes.restart, 'DRAINING')
  })
  if (seat === undefined) {
    socket.close(closeCodes.tryLater, 'TOO_MANY_CONNECTIONS')
    return
  }

  const fail = (message: string) => {
    say({ kind: 'error', code: 'BAD_REQUEST', message })
    socket.close(closeCodes.protocol, 'BAD_REQUEST')
  }
  const drained = () => {
    for (const subscription of subscriptions.values()) subscription.drained()
  }
  const outlet: Outlet = {
    write(frame) {
      if (socket.readyState !== socket.OPEN) return
      if (window > 0) uncredited += Buffer.byteLength(frame.payload)
      socket.send(frame.payload)
    },
    pending: () => (window > 0 && uncredited >= window ? Number.POSITIVE_INFINITY : socket.bufferedAmount),
    close: (code, reason) => {
      socket.close(code, reason)
      // A peer that does not read does not answer the close either.
      clock.after(5_000, () => socket.terminate())
    },
  }
  const subscribe = (ref: string, wanted: { feed: 'events' | 'state'; filter: Filter; cursor?: string; fromStart?: boolean }) => {
    if (subscriptions.size >= mostSubscriptions) return fail(`A connection takes at most ${mostSubscriptions} subscriptions.`)
    // The answer must come before the first frame, and frames only follow later turns of the loop.
    const made = hub.subscribe({ tenant: caller.tenant, framing: 'json', ...wanted }, outlet)
    if (made === undefined) return say({ kind: 'error', ref, code: 'BAD_CURSOR', message: 'The cursor is not one of ours.' })
    if (subscriptions.has(made.sub)) {
      made.close()
      return say({ kind: 'error', ref, code: 'BAD_REQUEST', message: 'This feed with this filter is subscribed already.' })
    }
    subscriptions.set(made.sub, made)
    say({ kind: 'subscribed', ref, sub: made.sub, cursor: made.cursor })
  }

  request.socket.on('drain', drained)
  let alive = true
  let cancel = () => {}
  const ping = () => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
    cancel = clock.after(heartbeatMs, ping)
  }
  cancel = clock.after(heartbeatMs, ping)
  socket.on('pong', () => {
    alive = true
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    cancel()
    seat.leave()
    for (const subscription of subscriptions.values()) subscription.close()
    subscriptions.clear()
  })
  socket.on('message', (bytes: Buffer) => {
    alive = true
    if (bytes.length > mostFrameBytes) return fail(`A frame has at most ${mostFrameBytes} bytes.`)
    const frame = parse(String(bytes))
    if (typeof frame === 'string') return fail(frame)
    if (frame.kind === 'subscribe')
      subscribe(frame.ref, {
        feed: frame.feed,
        filter: frame.filter ?? {},
        ...(frame.cursor === undefined ? {} : { cursor: frame.cursor }),
      })
    else if (frame.kind === 'unsubscribe') {
      subscriptions.get(frame.sub)?.close()
      subscriptions.delete(frame.sub)
    } else if (frame.kind === 'ack') {
      uncredited = Math.max(0, uncredited - frame.bytes)
      drained()
    }
  })
  const first = feedOfUrl(url)
  if (first !== undefined) subscribe('url', first)
}
