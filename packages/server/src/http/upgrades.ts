/** WebSocket upgrades: Host, Origin and key are checked before one is accepted, or, where a door waits for it, the key after. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { closeCodes } from '@signalbox/model/live.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Caller } from '../http.ts'
import { type RefusedInit, refuseRaw } from './problem.ts'

/** What a WebSocket is for. */
export type SocketScope = 'ingest' | 'read'

export type Found = { readonly caller: Caller } | { readonly refused: RefusedInit }

/** Takes a key that came on the socket as if the upgrade had carried it: the same answer, and the same end when it is revoked. */
export type Admit = (key: string) => Promise<Found>

/** A door for those too who cannot send a key on the upgrade, as browsers. */
export interface LateKey {
  /** Whether one more may be accepted without a key. */
  mayWait(): boolean
  /** Nothing may be told or kept of it before `admit` finds its caller. */
  wait(socket: WebSocket, request: IncomingMessage, admit: Admit): void
}

type Accept = (socket: WebSocket, request: IncomingMessage, caller: Caller, admit: Admit) => void

/** WebSocket doors and feeds register here. */
export interface Upgrades {
  on(path: string, scope: SocketScope, protocols: readonly string[], accept: Accept, late?: LateKey): void
}

interface Door {
  readonly scope: SocketScope
  readonly protocols: readonly string[]
  readonly accept: Accept
  readonly late: LateKey | undefined
}

/** Of a request, for the log: its route, since path and query may hold what people search for, or a key sent by mistake. */
export interface Where {
  /** As in the problem that answers it. */
  readonly reqId: string
  readonly method: string
  readonly route: string | undefined
}

export interface UpgradesDeps {
  readonly maxPayload: number
  readonly log: Logger
  find(request: IncomingMessage, scope: SocketScope, where: Where): Promise<Found>
  /** Ends what `request` opened once its caller may no longer have it. Answers how to forget it. */
  watch(request: IncomingMessage, caller: Caller, scope: SocketScope, end: () => void): () => void
  /** What is said to everybody, while there is such a thing. */
  refusedNow(): RefusedInit | undefined
}

const noRoomToWait: RefusedInit = {
  code: 'TOO_MANY_CONNECTIONS',
  detail: 'Too many WebSockets wait for their key to come.',
  retryAfterMs: 5_000,
}

/** No closure of the upgrade: it stays as long as its socket, and would keep the request with all its headers as long (2.6 KB, measured). */
function destroyed(this: Duplex): void {
  this.destroy()
}

export function createUpgrades(server: Server, { maxPayload, log, find, watch, refusedNow }: UpgradesDeps) {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: (offered) => offered.values().next().value ?? false,
  })
  const doors = new Map<string, Door>()

  function accept(accepted: WebSocket, request: IncomingMessage, door: Door, found: Found, where: Where) {
    const stay = (caller: Caller) => {
      // Its close was told already.
      if (accepted.readyState === accepted.CLOSED) return
      const forget = watch(request, caller, door.scope, () => accepted.close(closeCodes.unauthenticated, 'UNAUTHENTICATED'))
      accepted.once('close', forget)
    }
    const admit: Admit = async (key) => {
      request.headers.authorization = `Bearer ${key}`
      const later = await find(request, door.scope, where)
      if ('caller' in later) stay(later.caller)
      return later
    }
    if ('refused' in found) return door.late?.wait(accepted, request, admit)
    stay(found.caller)
    door.accept(accepted, request, found.caller, admit)
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    socket.on('error', destroyed)
    const path = (request.url ?? '').split('?')[0] ?? ''
    const where: Where = { reqId: randomUUID(), method: 'GET', route: path }
    const refuse = (refused: RefusedInit) => refuseRaw(socket, refused, where.reqId)
    try {
      const door = doors.get(path)
      if (door === undefined) return refuse({ code: 'NOT_FOUND', detail: `There is no WebSocket at ${path.slice(0, 200)}.` })
      const found = await find(request, door.scope, where)
      const hasNone = 'refused' in found && found.refused.code === 'UNAUTHENTICATED' && request.headers.authorization === undefined
      if ('refused' in found && !(hasNone && door.late !== undefined)) return refuse(found.refused)
      const forAll = refusedNow()
      if (forAll !== undefined) return refuse(forAll)
      const offered = (request.headers['sec-websocket-protocol'] ?? '')
        .split(',')
        .flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
      const agreed = offered.find((name) => door.protocols.includes(name))
      if (offered.length > 0 && agreed === undefined)
        return refuse({ code: 'BAD_REQUEST', detail: `The subprotocols are ${door.protocols.join(', ')}.` })
      if (hasNone && door.late?.mayWait() === false) return refuse(noRoomToWait)
      if (agreed !== undefined) request.headers['sec-websocket-protocol'] = agreed
      sockets.handleUpgrade(request, socket, head, (accepted) => accept(accepted, request, door, found, where))
    } catch (error) {
      log.error({ err: error, ...where, status: refusals.INTERNAL.status, code: 'INTERNAL' }, 'an upgrade failed')
      refuse({ code: 'INTERNAL', detail: 'The upgrade failed.' })
    }
  }
  server.on('upgrade', upgrade)

  return {
    clients: sockets.clients as ReadonlySet<WebSocket>,
    on(path: string, scope: SocketScope, protocols: readonly string[], accept: Accept, late?: LateKey) {
      doors.set(path, { scope, protocols, accept, late })
    },
  }
}
