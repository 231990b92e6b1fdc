/** One way of a proxied connection: pieces wait in line, and each leaves as the behaviour of that moment says. */
import type { Socket } from 'node:net'
import type { Behaviour } from '../world/world.ts'

type Side = 'requests' | 'answers'

/** What a lane sees of its proxy and tells it of its connection. */
export interface Rules {
  readonly how: () => Behaviour
  /** Resolves when the behaviour changes. */
  readonly changed: () => Promise<void>
  /** The present behaviour did something to this connection. */
  readonly touch: () => void
  /** It can no longer be healed. */
  readonly spoil: () => void
  /** So many bytes were held, dropped or came late. */
  readonly withheld: (bytes: number) => void
  readonly reset: () => void
}

export interface Lane {
  /** The behaviour changed. */
  obey(): void
}

type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly at: number; counted?: true }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }

/** Waiting bytes past which nothing more is read: then the sender's own buffers fill, as they do before a dead network. */
const mostWaitingBytes = 1024 * 1024

/** Until the socket takes more, or is gone. */
function roomIn(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

const nextTurn = () => new Promise<void>((resume) => setImmediate(resume))

async function sleep(ms: number, changed: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([promise, changed])
  clearTimeout(timer)
}

export function createLane(from: Socket, to: Socket, side: Side, rules: Rules): Lane {
  const waiting: Piece[] = []
  let waitingBytes = 0
  let passed = 0
  let running = false
  /** Bytes that may still pass before the cut. */
  let left: number | undefined
  let isDropping = false
  let isEnded = false

  from.on('data', (bytes: Buffer) => {
    waiting.push({ kind: 'bytes', bytes, at: performance.now() })
    waitingBytes += bytes.length
    if (waitingBytes > mostWaitingBytes) from.pause()
    void run()
  })
  from.on('end', () => {
    waiting.push({ kind: 'end' })
    void run()
  })
  from.on('error', () => {
    waiting.push({ kind: 'reset' })
    void run()
  })

  async function write(bytes: Buffer) {
    passed += bytes.length
    if (to.writable && !to.write(bytes)) await roomIn(to)
  }

  function end() {
    if (isEnded) return
    isEnded = true
    to.end()
  }

  const isHeld = (how: Behaviour) => how.kind === 'stall' && (how.side === 'both' || how.side === side)

  function note(piece: Piece) {
    rules.touch()
    if (piece.kind !== 'bytes' || piece.counted) return
    piece.counted = true
    rules.withheld(piece.bytes.length)
  }

  /** Sends or drops what comes first in line; false where it has to wait. */
  async function next(piece: Piece): Promise<boolean> {
    const how = rules.how()
    if (isHeld(how)) {
      note(piece)
      return false
    }
    const early = how.kind === 'delay' && piece.kind === 'bytes' ? piece.at + how.ms - performance.now() : 0
    if (early > 0) {
      note(piece)
      await sleep(early, rules.changed())
      return true
    }
    waiting.shift()
    if (piece.kind === 'end') end()
    else if (piece.kind === 'reset') rules.reset()
    else {
      await pass(piece, how)
      waitingBytes -= piece.bytes.length
      if (waitingBytes <= mostWaitingBytes && from.isPaused()) from.resume()
    }
    return true
  }

  async function pass(piece: Piece & { readonly kind: 'bytes' }, how: Behaviour): Promise<void> {
    const { bytes } = piece
    if (how.kind === 'cut' && how.side === side) {
      left ??= how.afterBytes
      const whole = bytes.length < left
      await write(bytes.subarray(0, left))
      left -= Math.min(left, bytes.length)
      if (whole) return
      rules.touch()
      rules.reset()
    } else if (how.kind === 'split' && bytes.length > how.bytes) {
      rules.touch()
      for (let at = 0; at < bytes.length; ) {
        // Healed meanwhile, the rest goes in one.
        const to = rules.how() === how ? at + how.bytes : bytes.length
        await write(bytes.subarray(at, to))
        await nextTurn()
        at = to
      }
    } else if (how.kind === 'drop-answers' && side === 'answers') {
      note(piece)
      if (isDropping) return
      isDropping = true
      // Healing does not wait for it.
      void sleep(how.resetAfterMs, rules.changed()).then(rules.reset)
    } else if (how.kind === 'half-close' && side === 'requests') {
      if (isEnded) return note(piece)
      await write(bytes)
      halfClose()
    } else if (!isEnded) await write(bytes)
  }

  /** The other end takes the sender for done; what the sender says after it is dropped. */
  function halfClose() {
    rules.touch()
    rules.spoil()
    end()
  }

  async function run(): Promise<void> {
    if (running) return
    running = true
    for (let piece = waiting[0]; piece !== undefined && !to.destroyed; piece = waiting[0]) if (!(await next(piece))) break
    running = false
  }

  return {
    obey() {
      left = undefined
      const how = rules.how()
      if (how.kind === 'reset') {
        rules.touch()
        rules.reset()
      } else if (how.kind === 'half-close' && side === 'requests' && passed > 0 && !isEnded) halfClose()
      void run()
    },
  }
}
