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
  let trusting = 0
  return (window) => {
    const asks = window > 0
    let unacknowledged = 0
    if (asks) trusting += 1
    const trustedBytes = () => (asks ? Math.min(window, mostWindowBytes, mostTrustedBytes / trusting) : 0)
    return {
      wrote(bytes) {
        unacknowledged += bytes
      },
      acknowledged(bytes) {
        unacknowledged = Math.max(0, unacknowledged - bytes)
      },
      pending: (buffered) => (asks && unacknowledged >= window ? boundBytes + 1 + unacknowledged : Math.max(0, buffered - trustedBytes())),
      end() {
        if (asks) trusting -= 1
      },
    }
  }
}
