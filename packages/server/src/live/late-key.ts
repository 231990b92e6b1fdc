/**
 * WebSockets whose key is yet to come: browsers send no headers with an upgrade, and an address or a subprotocol stands in the logs of proxies.
 *
 * In: a socket without a caller. Out: the same socket with one, or closed with a code. Promises: until then it may say one small frame
 * within `authWithinMs`; it is sent nothing, subscribes to nothing and takes no seat; there are never more of them than `most`.
 */
import type { IncomingMessage } from 'node:http'
import { authWithinMs, closeCodes, type ServerFrame } from '@signalbox/model/live.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { RefusedInit } from '../http/problem.ts'
import type { Admit } from '../http/upgrades.ts'
import type { Caller } from '../http.ts'
import { parseClientFrame } from './client-frame.ts'

/** Who has a key leaves within one look at it: after a restart thousands of pages a second pass through. */
const usualMost = 1_000
/** A frame with a key, many times over. */
const mostBytes = 4_096
/** It is owed nothing, so it is not waited for as others are. */
const closeGraceMs = 1_000

export interface WaitingRoom {
  /** Whether there is room for one more; counted where there is none. */
  mayWait(): boolean
  /** `letIn` is called at most once, in the turn in which its next frame may come. */
  wait(socket: WebSocket, request: IncomingMessage, say: (frame: ServerFrame) => void, admit: Admit, letIn: (caller: Caller) => void): void
  /** Who waits comes back elsewhere. */
  drain(): void
}

export interface WaitingRoomDeps {
  readonly clock: Clock
  readonly onRefused: (code: RefusalCode) => void
  readonly most?: number | undefined
}

/** A key that is none ends it for good, a key that cannot be looked up now for a while. */
export const closeCodeOf = ({ code }: Pick<RefusedInit, 'code'>): number =>
  code === 'UNAUTHENTICATED' || code === 'FORBIDDEN' ? closeCodes.unauthenticated : closeCodes.tryLater

export function createWaitingRoom({ clock, onRefused, most = usualMost }: WaitingRoomDeps): WaitingRoom {
  /** How to send each of them away. */
  const waiting = new Set<(code: number, reason: string) => void>()

  return {
    mayWait() {
      if (waiting.size < most) return true
      onRefused('TOO_MANY_CONNECTIONS')
      return false
    },

    wait(socket, { socket: raw }, say, admit, letIn) {
      let read = 0
      let isAsked = false
      let isOver = false

      const stopListening = () => {
        isOver = true
        cancelDeadline()
        raw.off('data', count)
        socket.off('message', take)
      }
      const close = (code: number, reason: string) => {
        if (isOver) return
        isOver = true
        socket.close(code, reason)
        clock.after(closeGraceMs, () => socket.terminate())
      }
      const refuse = (closeCode: number, { code, detail }: RefusedInit) => {
        if (isOver) return
        onRefused(code)
        say({ kind: 'error', code, message: detail })
        close(closeCode, code)
      }

      /** Also what is no whole frame yet, and what comes while it is closed: the parser would hold it. */
      const count = (chunk: Buffer) => {
        read += chunk.length
        if (read > mostBytes) socket.terminate()
      }
      const take = (bytes: Buffer) => {
        if (isOver) return
        const frame = isAsked ? undefined : parseClientFrame(String(bytes))
        if (frame === undefined) refuse(closeCodes.protocol, { code: 'BAD_REQUEST', detail: 'A frame came after auth and before welcome.' })
        else if (frame.kind === 'auth') {
          isAsked = true
          void ask(frame.key)
        } else if (frame.kind === 'bad') refuse(closeCodes.protocol, { code: 'BAD_REQUEST', detail: frame.message })
        else refuse(closeCodes.unauthenticated, { code: 'UNAUTHENTICATED', detail: 'The connection has no key: the first frame is auth.' })
      }
      async function ask(key: string) {
        const found = await admit(key)
        if (isOver) return
        if ('refused' in found) return refuse(closeCodeOf(found.refused), found.refused)
        leave()
        letIn(found.caller)
      }
      const cancelDeadline = clock.after(authWithinMs, () => {
        if (isAsked) refuse(closeCodes.tryLater, { code: 'STORE_UNAVAILABLE', detail: 'The key could not be looked up in time.' })
        else refuse(closeCodes.protocol, { code: 'BODY_TIMEOUT', detail: `No key came within ${authWithinMs / 1_000} s.` })
      })

      const leave = () => {
        waiting.delete(close)
        stopListening()
      }
      waiting.add(close)
      // First of all: an error that nobody hears ends the process.
      socket.on('error', () => socket.terminate())
      socket.once('close', leave)
      socket.on('message', take)
      raw.on('data', count)
    },

    drain() {
      for (const close of waiting) close(closeCodes.restart, 'DRAINING')
    },
  }
}
