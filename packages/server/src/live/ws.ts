/** The WebSocket transport `/v1/live`: several subscriptions on one socket, an optional credit window. Frames: model/live.ts. */
import type { IncomingMessage } from 'node:http'
import { codecs, subprotocols } from '@signalbox/model/codecs/codec.ts'
import { type ClientFrame, closeCodes, deadAfterMs, type ServerFrame, heartbeatMs as usualHeartbeatMs } from '@signalbox/model/live.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Admit } from '../http/upgrades.ts'
import type { Caller, Upgrades } from '../http.ts'
import { type BadFrame, checkClientFrame, parseClientFrame } from './client-frame.ts'
import { type Credit, createCredits } from './credit.ts'
import { closeCodeOf, createWaitingRoom } from './late-key.ts'
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
  /** Counts a socket that was not let in with the key it gave, or did not give. */
  readonly onRefused: (code: RefusalCode) => void
  /** Default that of the waiting room. */
  readonly mostWaiting?: number
}

export interface LiveSockets {
  /** Sends those away whose key has not come; who has a seat is told by the hub. */
  drain(): void
}

const codecOf = ({ protocol }: WebSocket) => Object.values(codecs).find(({ subprotocol }) => subprotocol === protocol) ?? codecs.json

export function registerLiveSockets(upgrades: Upgrades, deps: LiveSocketDeps): LiveSockets {
  const credits = createCredits(deps.hub.socketBytes)
  const room = createWaitingRoom({ ...deps, most: deps.mostWaiting })
  upgrades.on(
    '/v1/live',
    'read',
    subprotocols,
    (socket, request, caller, admit) => serve(socket, request, { caller, admit }, { ...deps, credits }),
    {
      mayWait: room.mayWait,
      wait(socket, request, admit) {
        const codec = codecOf(socket)
        const say = (frame: ServerFrame) => socket.send(codec.encode(frame))
        room.wait(socket, request, say, admit, (caller) => serve(socket, request, { caller, isLate: true }, { ...deps, credits }))
      },
    },
  )
  return { drain: room.drain }
}

interface SocketDeps extends LiveSocketDeps {
  readonly credits: (window: number) => Credit
}

interface Entry {
  readonly caller: Caller
  /** Its key came in a frame, and it waits for the answer. */
  readonly isLate?: boolean
  /** For a key that may come yet. */
  readonly admit?: Admit
}

function serve(socket: WebSocket, request: IncomingMessage, entry: Entry, deps: SocketDeps): void {
  const { hub, clock, heartbeatMs, credits, onRefused } = deps
  let { caller } = entry
  /** On a server that needs no key one may be given all the same, as the first frame; it then counts, as in a header. */
  let admit = caller.keyId === undefined ? entry.admit : undefined
  let isAdmitting = false
  // First of all: an error that nobody hears ends the process.
  socket.on('error', () => socket.terminate())
  const url = new URL(request.url ?? '/', 'http://localhost')
  // Closures that named the request would keep it, with all its headers, as long as the socket.
  const wire = request.socket
  const subscriptions = new Map<string, Subscribed>()
  const codec = codecOf(socket)
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
  if (entry.isLate === true) say({ kind: 'welcome' })

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

  async function authenticate(key: string, by: Admit) {
    isAdmitting = true
    const found = await by(key)
    isAdmitting = false
    if ('caller' in found) {
      caller = found.caller
      say({ kind: 'welcome' })
      return
    }
    const { code, detail } = found.refused
    onRefused(code)
    say({ kind: 'error', code, message: detail })
    close(closeCodeOf(found.refused), code)
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
    if (isAdmitting) return fail('A frame came after auth and before welcome.')
    const by = admit
    admit = undefined
    if (frame.kind === 'auth') {
      if (by === undefined) fail('auth is the first frame, of a connection without a key.')
      else void authenticate(frame.key, by)
    } else if (frame.kind === 'bad') {
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
