/** The WebSocket transport `/v1/live`: several subscriptions on one socket, an optional credit window. Frames: model/live.ts. */
import type { IncomingMessage } from 'node:http'
import { codecs, subprotocols } from '@signalbox/model/codecs/codec.ts'
import { type ClientFrame, closeCodes, deadAfterMs, type ServerFrame, heartbeatMs as usualHeartbeatMs } from '@signalbox/model/live.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Caller, Upgrades } from '../http.ts'
import { type BadFrame, checkClientFrame, parseClientFrame } from './client-frame.ts'
import { type Credit, createCredits } from './credit.ts'
import type { Hub, Subscribed } from './live.ts'
import { heldCursor, subscribeOfUrl } from './query.ts'
import type { Outlet } from './session.ts'

const mostSubscriptions = 256
const mostFrameBytes = 256 * 1024
/** A peer that does not read does not answer the close either. */
const closeGraceMs = 5_000

export interface LiveSocketDeps {
  readonly hub: Hub
  readonly clock: Clock
  readonly heartbeatMs: number
}

export function registerLiveSockets(upgrades: Upgrades, deps: LiveSocketDeps): void {
  const credits = createCredits(deps.hub.socketBytes)
  upgrades.on('/v1/live', 'read', subprotocols, (socket, request, caller) => serve(socket, request, caller, { ...deps, credits }))
}

interface SocketDeps extends LiveSocketDeps {
  readonly credits: (window: number) => Credit
}

function serve(socket: WebSocket, request: IncomingMessage, caller: Caller, { hub, clock, heartbeatMs, credits }: SocketDeps): void {
  // First of all: an error that nobody hears ends the process.
  socket.on('error', () => socket.terminate())
  const url = new URL(request.url ?? '/', 'http://localhost')
  // Closures that named the request would keep it, with all its headers, as long as the socket.
  const wire = request.socket
  const subscriptions = new Map<string, Subscribed>()
  const codec = Object.values(codecs).find(({ subprotocol }) => subprotocol === socket.protocol) ?? codecs.json
  const say = (frame: ServerFrame) => socket.readyState === socket.OPEN && socket.send(codec.encode(frame))
  const leave = () => {
    for (const subscription of subscriptions.values()) subscription.close()
    subscriptions.clear()
  }
  const close = (code: number, reason: string) => {
    // At once: who does not read would be given more, and be found slow again by each of its subscriptions.
    leave()
    socket.close(code, reason)
    clock.after(closeGraceMs, () => socket.terminate())
  }
  const seat = hub.enter('websocket', (goaway) => {
    say(goaway)
    close(closeCodes.restart, 'DRAINING')
  })
  if (seat === undefined) {
    close(closeCodes.tryLater, 'TOO_MANY_CONNECTIONS')
    return
  }
  const credit = credits(Number(url.searchParams.get('credit') ?? 0))

  const fail = (message: string) => {
    say({ kind: 'error', code: 'BAD_REQUEST', message })
    close(closeCodes.protocol, 'BAD_REQUEST')
  }
  const drained = () => {
    for (const subscription of subscriptions.values()) subscription.drained()
  }
  const pending = () => credit.pending(socket.bufferedAmount)

  /** The one subscription is refused, the others of the socket go on. */
  const refuse = (ref: string, code: RefusalCode, message: string) => {
    // Who asks and does not read would be owed answers without bound.
    if (socket.bufferedAmount > hub.socketBytes) close(closeCodes.slowConsumer, 'SLOW_CONSUMER')
    else say({ kind: 'error', ref, code, message })
  }

  function subscribe({ ref, feed, filter, cursor: text, from }: Extract<ClientFrame, { kind: 'subscribe' }>) {
    const held = heldCursor(text)
    if (held === undefined) return refuse(ref, 'BAD_CURSOR', 'The cursor is not one of ours.')
    if (subscriptions.size >= mostSubscriptions)
      return refuse(ref, 'BAD_REQUEST', `A connection takes at most ${mostSubscriptions} subscriptions.`)
    let sub = ''
    const outlet: Outlet = {
      opened: (cursor) => say({ kind: 'subscribed', ref, sub, cursor }),
      write(frame) {
        if (socket.readyState !== socket.OPEN) return
        credit.wrote(frame.bytes)
        // The frame is finished, the same for every reader; with no extension and no fragments `ws` would write just these bytes.
        wire.write(frame.payload)
      },
      pending,
      close,
    }
    const made = hub.subscribe(
      { tenant: caller.tenant, framing: `ws.${codec.name}`, feed, filter: filter ?? {}, ...held, fromStart: from === 'start' },
      outlet,
    )
    sub = made.sub
    if (subscriptions.has(sub)) {
      made.close()
      return refuse(ref, 'BAD_REQUEST', 'This feed with this filter is subscribed already.')
    }
    subscriptions.set(sub, made)
  }

  let heardAt = clock.monotonic()
  const heard = () => {
    heardAt = clock.monotonic()
  }
  const deadMs = (heartbeatMs * deadAfterMs) / usualHeartbeatMs
  /** A half-open peer answers no ping: it is gone when nothing was heard of it for long enough. */
  const check = () => {
    const silentMs = clock.monotonic() - heardAt
    if (silentMs >= deadMs) return socket.terminate()
    if (silentMs >= heartbeatMs) socket.ping()
    cancelCheck = clock.after(Math.min(heartbeatMs, deadMs - silentMs), check)
  }
  let cancelCheck = clock.after(heartbeatMs, check)
  wire.on('drain', drained)
  socket.on('pong', heard)
  socket.on('ping', heard)
  socket.on('close', () => {
    cancelCheck()
    seat.leave()
    credit.end()
    leave()
  })
  socket.on('message', (bytes: Buffer) => {
    heard()
    if (socket.readyState !== socket.OPEN) return
    if (bytes.length > mostFrameBytes) return fail(`A frame has at most ${mostFrameBytes} bytes.`)
    take(parseClientFrame(String(bytes)))
  })
  function take(frame: ClientFrame | BadFrame) {
    if (frame.kind === 'bad') {
      if (frame.ref === undefined) fail(frame.message)
      else refuse(frame.ref, 'BAD_REQUEST', frame.message)
    } else if (frame.kind === 'subscribe') subscribe(frame)
    else if (frame.kind === 'unsubscribe') {
      subscriptions.get(frame.sub)?.close()
      subscriptions.delete(frame.sub)
    } else if (frame.kind === 'ack') {
      credit.acknowledged(frame.bytes)
      drained()
    }
  }
  const first = subscribeOfUrl(url)
  if (first !== undefined) take(checkClientFrame(first))
}
