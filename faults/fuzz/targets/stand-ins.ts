/** In place of the platform's network, for as long as one input is tried. */
import { createFakeClock } from '@signalbox/server/clock.fake.ts'

/** Whatever is fetched meanwhile is answered so. */
export async function withFetch<T>(answer: () => Response, work: () => Promise<T>): Promise<T> {
  const real = globalThis.fetch
  globalThis.fetch = async () => answer()
  try {
    return await work()
  } finally {
    globalThis.fetch = real
  }
}

export interface StandInSocket {
  /** What a server would send. Throws what a listener throws, which would end a Node process. */
  receive(text: string): void
  readonly sent: readonly string[]
  readonly isOpen: () => boolean
}

type Listener = (event: object) => void

/** Sockets that open at once and talk to nobody but the test. */
export async function withWebSocket<T>(work: (sockets: readonly StandInSocket[]) => Promise<T>): Promise<T> {
  const sockets: StandInSocket[] = []
  class StandIn {
    static readonly OPEN = 1
    readyState = 1
    readonly #listeners = new Map<string, Listener[]>()
    readonly sent: string[] = []
    constructor() {
      sockets.push({
        receive: (text) => this.#tell('message', { data: text }),
        sent: this.sent,
        isOpen: () => this.readyState === StandIn.OPEN,
      })
    }
    addEventListener(name: string, listener: Listener) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
    }
    send(text: string) {
      this.sent.push(text)
    }
    close(code = 1_000) {
      if (this.readyState !== StandIn.OPEN) return
      this.readyState = 3
      this.#tell('close', { code, reason: '' })
    }
    #tell(name: string, event: object) {
      for (const listener of this.#listeners.get(name) ?? []) listener(event)
    }
  }
  const real = globalThis.WebSocket
  globalThis.WebSocket = StandIn as unknown as typeof WebSocket
  try {
    return await work(sockets)
  } finally {
    globalThis.WebSocket = real
  }
}

export const frozenClock = () => ({ ...createFakeClock(1_700_000_000_000), random: () => 0.5 })
