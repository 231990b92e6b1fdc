/** Bytes of request bodies that are held at once, of all requests: past the bound a request is refused instead of memory growing. */
import { Refused } from '../http/problem.ts'

export interface InFlight {
  /** The share of one request. */
  open(): Share
  /** Runs `decode` when one of few places for decoders is free. */
  decoding<T>(decode: () => Promise<T>): Promise<T>
}

export interface Share {
  /** Holds so many bytes from now on, instead of those before. Throws OVERLOADED, and holds what it did, when there is no room. */
  hold(bytes: number): void
  /** Gives all of it back, for good. */
  close(): void
}

const retryAfterMs = 1_000
/** Decoders at work at once: Node has four threads for them, and each may hold a window of 8 MiB. */
const mostDecoding = 4

export function createInFlight(mostBytes: number, onHeld: (bytes: number) => void): InFlight {
  let all = 0
  const freePlaces: (() => void)[] = []
  let decoders = 0
  return {
    open() {
      let own = 0
      let isClosed = false
      const become = (bytes: number) => {
        all += bytes - own
        own = bytes
        onHeld(all)
      }
      return {
        hold(bytes) {
          if (isClosed || bytes === own) return
          // One larger than the whole bound is taken alone rather than refused for ever.
          if (all - own + bytes > mostBytes && all > own)
            throw new Refused({ code: 'OVERLOADED', detail: 'The bodies under way hold as many bytes as they may.', retryAfterMs })
          become(bytes)
        },
        close() {
          isClosed = true
          if (own > 0) become(0)
        },
      }
    },
    async decoding(decode) {
      if (decoders < mostDecoding) decoders += 1
      else await new Promise<void>((resume) => freePlaces.push(resume))
      try {
        return await decode()
      } finally {
        // The place goes to who waits longest.
        const next = freePlaces.shift()
        if (next === undefined) decoders -= 1
        else next()
      }
    },
  }
}
