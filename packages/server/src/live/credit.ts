/** How much one WebSocket may still be sent: what its socket holds, or what its reader has not acknowledged. */

export interface Credit {
  wrote(bytes: number): void
  acknowledged(bytes: number): void
  /** Bytes that count as not taken, of those that the socket holds unsent: above the bound the reader is slow. */
  pending(buffered: number): number
  /** The socket is gone. */
  end(): void
}

/** A reader is trusted with so much at most, whatever window it asks for. */
const mostWindowBytes = 4 * 1024 * 1024
/** All of them together, so that a thousand readers hold no more memory than a few. */
const mostTrustedBytes = 32 * 1024 * 1024

/**
 * Without a `window` (0) what is unsent counts. With one its reader says itself what it took: a fleet at full load is ten megabytes a second,
 * of which a page that draws for a moment leaves more than the bound in the socket and is not slow for that. Measured: with ten thousand
 * agents such pages were demoted again and again, and never came up again from pages of the store.
 */
export function createCredits(boundBytes: number): (window: number) => Credit {
  const shared = { boundBytes, trusting: 0 }
  return (window) => new WindowCredit(shared, window)
}

/** Of all sockets of a server. */
interface Shared {
  readonly boundBytes: number
  /** Readers that have a window. */
  trusting: number
}

/** A class, not closures: every open dashboard holds one (360 bytes less each, measured). */
class WindowCredit implements Credit {
  readonly #shared: Shared
  /** 0: none. */
  #window = 0
  #unacknowledged = 0
  constructor(shared: Shared, window: number) {
    this.#shared = shared
    if (!(window > 0)) return
    this.#window = window
    shared.trusting += 1
  }
  wrote(bytes: number): void {
    this.#unacknowledged += bytes
  }
  acknowledged(bytes: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - bytes)
  }
  pending(buffered: number): number {
    if (this.#window === 0) return buffered
    if (this.#unacknowledged >= this.#window) return this.#shared.boundBytes + 1 + this.#unacknowledged
    const trustedBytes = Math.min(this.#window, mostWindowBytes, mostTrustedBytes / this.#shared.trusting)
    return Math.max(0, buffered - trustedBytes)
  }
  end(): void {
    if (this.#window > 0) this.#shared.trusting -= 1
  }
}
