/** The two ends of a WebSocket over the simulated network: a browser's, and the one that `ws` gives to a server. */
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { WebSocket as ServerSocket } from 'ws'
import type { End, Message } from './network.ts'

const textOf = (text: string): Message => ({ kind: 'text', text, bytes: text.length })

/** What `webSocketFrame` of live/frames.ts made. */
function contentOf(frame: Buffer): string {
  const length = (frame[1] ?? 0) & 0x7f
  const header = length < 126 ? 2 : length === 126 ? 4 : 10
  return frame.toString('utf8', header)
}

/** The server's end, and the request that opened it. */
export function serverSocket(end: End, url: string): { readonly socket: ServerSocket; readonly request: IncomingMessage } {
  const events = new EventEmitter()
  const raw = new EventEmitter()
  let readyState = 1
  let isPaused = false
  const socket = Object.assign(events, {
    OPEN: 1,
    protocol: 'signalbox.json',
    send(content: string | Uint8Array, done?: () => void) {
      end.send(textOf(typeof content === 'string' ? content : Buffer.from(content).toString()))
      done?.()
    },
    close(code = 1005, reason = '') {
      if (readyState !== 1) return
      readyState = 2
      end.close(code, reason)
    },
    terminate() {
      readyState = 2
      end.reset()
    },
    ping: () => end.send({ kind: 'ping' }),
    pause() {
      isPaused = true
      end.pause(true)
    },
    resume() {
      isPaused = false
      end.pause(false)
    },
  })
  Object.defineProperties(socket, {
    readyState: { get: () => readyState },
    bufferedAmount: { get: () => end.waitingBytes() },
    isPaused: { get: () => isPaused },
  })
  end.onMessage = (message) => {
    if (message.kind === 'text') events.emit('message', Buffer.from(message.text), false)
    else if (message.kind === 'pong') events.emit('pong')
  }
  end.onClose = (code, reason) => {
    readyState = 3
    events.emit('close', code, reason)
  }
  end.onDrain = () => raw.emit('drain')
  const write = (payload: Buffer) => end.send(textOf(contentOf(payload)))
  const request = { url, socket: Object.assign(raw, { write }) }
  return { socket: socket as unknown as ServerSocket, request: request as unknown as IncomingMessage }
}

/** A browser's `WebSocket`: `open` is asked for the end of each that is made, and answers with undefined when nobody is there. */
export function webSocketClass(open: (url: URL, take: (end: End | undefined) => void) => void) {
  return class SimulatedWebSocket extends EventTarget {
    static readonly CONNECTING = 0
    static readonly OPEN = 1
    static readonly CLOSING = 2
    static readonly CLOSED = 3
    readyState = 0
    #end: End | undefined

    constructor(url: string) {
      super()
      open(new URL(url), (end) => {
        if (this.readyState !== 0) return end?.close(1000, '')
        if (end === undefined) return this.#closed(1006, '')
        this.#end = end
        this.readyState = 1
        end.onMessage = (message) => {
          if (message.kind === 'ping') end.send({ kind: 'pong' })
          else if (message.kind === 'text' && this.readyState === 1)
            this.dispatchEvent(Object.assign(new Event('message'), { data: message.text }))
        }
        end.onClose = (code, reason) => this.#closed(code, reason)
        this.dispatchEvent(new Event('open'))
      })
    }

    #closed(code: number, reason: string) {
      if (this.readyState === 3) return
      this.readyState = 3
      this.dispatchEvent(Object.assign(new Event('close'), { code, reason }))
    }

    send(text: string) {
      if (this.readyState === 0) throw new DOMException('Still in CONNECTING state.', 'InvalidStateError')
      if (this.readyState === 1) this.#end?.send(textOf(text))
    }

    close(code = 1005, reason = '') {
      if (this.readyState >= 2) return
      this.readyState = 2
      // One that was never opened is closed by who opens it.
      this.#end?.close(code, reason)
    }
  }
}
