/**
 * Connections between processes. Each carries messages in order, both ways; any may stand still for a while, be reset, or go silent for
 * good with nobody told. Different connections overtake each other.
 */
import type { Random } from '../world/world.ts'
import type { Life } from './life.ts'
import type { Time } from './time.ts'

/** One end. What it is told comes in turns of its own. */
export interface End {
  onMessage: (message: Message) => void
  /** `isClean`: the other end closed it. */
  onClose: (code: number, reason: string) => void
  /** What waited is on its way. */
  onDrain: () => void
  send(message: Message): void
  close(code: number, reason: string): void
  /** At once, without a word. */
  reset(): void
  /** Bytes that wait here, because the other end does not take them. */
  waitingBytes(): number
  /** Takes no messages for now. */
  pause(isPaused: boolean): void
}

export type Message = { readonly kind: 'text'; readonly text: string; readonly bytes: number } | { readonly kind: 'ping' | 'pong' }

export interface Connection {
  /** Whose it is. */
  readonly client: string
  readonly near: End
  readonly far: End
  reset(): void
  /** Nothing gets through until `go`; `answers`: only what the far end sends. */
  stand(answers: boolean): void
  go(): void
  silence(): void
  readonly isOpen: () => boolean
}

interface Direction {
  readonly queue: ({ readonly message: Message } | { readonly code: number; readonly reason: string })[]
  isStanding: boolean
  isPaused: boolean
  isScheduled: boolean
}

const abnormal = 1006
const sizeOf = (message: Message) => (message.kind === 'text' ? message.bytes : 2)

export interface Network {
  connect(client: Life, server: Life): Connection
  readonly open: () => readonly Connection[]
  /** ms of one way. */
  delay(): number
}

export function createNetwork(time: Time, random: Random): Network {
  const connections = new Set<Connection>()
  const delay = () => (random.next() < 0.02 ? random.between(20, 1_500) : random.between(0, 5))

  function connect(client: Life, server: Life): Connection {
    let isSilent = false
    const open = { near: true, far: true }
    const lives = { near: client, far: server }
    const made = (): Direction => ({ queue: [], isStanding: false, isPaused: false, isScheduled: false })
    /** By the end it comes from. */
    const ways = { near: made(), far: made() }
    type Side = keyof typeof ways
    const otherOf = (side: Side): Side => (side === 'near' ? 'far' : 'near')
    const ends = {} as Record<Side, End>

    function closeEnd(side: Side, code: number, reason: string): void {
      if (!open[side]) return
      open[side] = false
      if (!open.near && !open.far) connections.delete(connection)
      time.after(0, () => lives[side].isAlive() && ends[side].onClose(code, reason))
    }

    function deliver(from: Side): void {
      const way = ways[from]
      way.isScheduled = false
      if (way.isStanding || way.isPaused || isSilent) return
      const next = way.queue.shift()
      if (next === undefined) return
      const to = otherOf(from)
      if ('code' in next) {
        closeEnd(to, next.code, next.reason)
        closeEnd(from, next.code, next.reason)
        return
      }
      if (open[to] && lives[to].isAlive()) ends[to].onMessage(next.message)
      if (way.queue.length > 0) flow(from)
      else if (open[from] && lives[from].isAlive()) ends[from].onDrain()
    }

    function flow(from: Side): void {
      const way = ways[from]
      if (way.isScheduled || way.isStanding || way.isPaused || way.queue.length === 0) return
      way.isScheduled = true
      time.after(delay(), () => deliver(from))
    }

    function resetAll(): void {
      for (const way of Object.values(ways)) way.queue.length = 0
      closeEnd('near', abnormal, '')
      closeEnd('far', abnormal, '')
    }

    for (const side of ['near', 'far'] as const) {
      ends[side] = {
        onMessage: () => {},
        onClose: () => {},
        onDrain: () => {},
        send(message) {
          if (!open[side] || !lives[side].acts()) return
          ways[side].queue.push({ message })
          flow(side)
        },
        close(code, reason) {
          if (!open[side] || !lives[side].acts()) return
          ways[side].queue.push({ code, reason })
          // Nobody answers: it gives up.
          time.after(closeTimeoutMs, () => closeEnd(side, abnormal, ''))
          flow(side)
        },
        reset() {
          if (!open[side] || !lives[side].acts()) return
          closeEnd(side, abnormal, '')
          if (isSilent) return
          ways[side].queue.length = 0
          time.after(delay(), () => closeEnd(otherOf(side), abnormal, ''))
        },
        waitingBytes() {
          const { isStanding, isPaused, queue } = ways[side]
          if (!isStanding && !isPaused && !isSilent) return 0
          return queue.reduce((sum, item) => sum + ('message' in item ? sizeOf(item.message) : 0), 0)
        },
        pause(isPaused) {
          const way = ways[otherOf(side)]
          way.isPaused = isPaused
          flow(otherOf(side))
        },
      }
    }

    const connection: Connection = {
      client: client.name,
      near: ends.near,
      far: ends.far,
      reset: resetAll,
      stand(answers) {
        ways.far.isStanding = true
        if (!answers) ways.near.isStanding = true
      },
      go() {
        for (const side of ['near', 'far'] as const) {
          ways[side].isStanding = false
          flow(side)
        }
      },
      silence() {
        isSilent = true
      },
      isOpen: () => open.near && open.far,
    }
    // A kernel tells the other end that the process is gone.
    for (const side of ['near', 'far'] as const)
      lives[side].onDeath(() => {
        open[side] = false
        ways[side].queue.length = 0
        if (!isSilent) time.after(delay(), () => closeEnd(otherOf(side), abnormal, ''))
      })
    connections.add(connection)
    return connection
  }

  return { connect, open: () => [...connections].filter((connection) => connection.isOpen()), delay }
}

const closeTimeoutMs = 10_000
