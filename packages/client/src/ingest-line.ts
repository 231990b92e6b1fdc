/**
 * One WebSocket to a server's `/v1/ingest`, shared by every agent of this process with the same key. Frames: model/live.ts.
 * It opens when something is to be sent, keeps to the credit, and answers every batch: acknowledged, to be sent again, or not for this wire.
 */
import type { EventInput } from '@signalbox/model/event.ts'
import type { IngestServerFrame } from '@signalbox/model/live.ts'
import { type Clock, withinMs } from './clock.ts'
import { compress } from './compress.ts'
import { type LineState, type LineStep, lineAfter } from './ingest-session.ts'
import { letProcessEnd } from './let-process-end.ts'
import { type Answer, inHalves, type Retry, type Unusable, type Wire } from './wire.ts'

/** No `welcome` for this long: something between us and the server does not speak WebSocket. */
export const welcomeTimeoutMs = 4_000
/** Nothing acknowledged for this long with batches in flight: the connection is dead. */
export const ackTimeoutMs = 15_000

type Outcome = Answer | Retry | Unusable
type Welcome = Extract<IngestServerFrame, { kind: 'welcome' }>
interface Batch {
  readonly events: readonly EventInput[]
  readonly settle: (outcome: Outcome) => void
}
interface InFlight extends Batch {
  readonly n: number
}

/** `compressed`: large batches are, where the server takes them. */
export function createIngestLine(url: string, key: string | undefined, clock: Clock, compressed = false): Wire<Outcome> {
  let state: LineState = 'idle'
  let socket: WebSocket | undefined
  let limits: Welcome | undefined
  let waiting: Batch[] = []
  let flight: InFlight[] = []
  let nextN = 1
  let acknowledged = false
  let notBefore = 0
  let notBeforeWhy = 'The line is closed.'
  let cancelTimeout = () => {}

  const move = (by: LineStep): boolean => {
    const next = lineAfter(state, by)
    if (next === undefined) return false
    state = next
    return true
  }
  const holdOff = (ms: number, why: string) => {
    notBefore = clock.monotonic() + ms
    notBeforeWhy = why
  }
  const heldOff = (): Retry => ({ kind: 'retry', why: notBeforeWhy, afterMs: Math.max(0, notBefore - clock.monotonic()) })

  function connect() {
    if (!move('connect')) return
    acknowledged = false
    nextN = 1
    const opened = openSocket(url, key)
    socket = opened
    cancelTimeout = clock.after(welcomeTimeoutMs, () => lose(opened, 'no welcome came', true))
    opened.addEventListener('message', ({ data }) => {
      if (opened !== socket) return
      try {
        take(JSON.parse(String(data)) as IngestServerFrame, opened)
      } catch {
        // An error thrown here would end the agent's process.
        lose(opened, 'the server does not speak this protocol', true)
      }
    })
    opened.addEventListener('close', ({ code, reason }) => lose(opened, reason === '' ? `closed (${code})` : `${reason} (${code})`))
  }

  /** A connection that never acknowledged anything is no better than none: what it held may go another way. */
  function lose(of: WebSocket, why: string, unusable = !acknowledged && state !== 'draining') {
    if (of !== socket || !move('lost')) return
    socket = undefined
    cancelTimeout()
    of.close()
    const held = [...flight, ...waiting]
    flight = []
    waiting = []
    for (const { settle } of held)
      settle(unusable ? { kind: 'unusable', why } : clock.monotonic() < notBefore ? heldOff() : { kind: 'retry', why, afterMs: 0 })
  }

  function watchAcks() {
    cancelTimeout()
    const watched = socket
    if (flight.length > 0 && watched !== undefined)
      cancelTimeout = clock.after(ackTimeoutMs, () => lose(watched, `nothing was acknowledged for ${ackTimeoutMs / 1_000} s`))
  }

  function take(frame: IngestServerFrame, from: WebSocket) {
    switch (frame.kind) {
      case 'welcome':
        if (!move('welcome')) return
        cancelTimeout()
        limits = frame
        pump()
        return
      case 'ack':
        acknowledged = true
        settleUpTo(frame)
        watchAcks()
        if (state === 'draining' && flight.length === 0) lose(from, 'the server drains')
        else pump()
        return
      case 'retry': {
        const back = [...flight.filter(({ n }) => n >= frame.n), ...waiting]
        flight = flight.filter(({ n }) => n < frame.n)
        waiting = []
        // The server waits for just this number.
        nextN = frame.n
        acknowledged = true
        holdOff(frame.retryAfterMs, frame.message)
        watchAcks()
        for (const { settle } of back) settle({ kind: 'retry', why: frame.message, afterMs: frame.retryAfterMs })
        return
      }
      case 'goaway': {
        if (!move('goaway')) return
        holdOff(withinMs(clock, frame.reconnectInMs), 'The server drains.')
        const back = waiting
        waiting = []
        for (const { settle } of back) settle(heldOff())
        if (flight.length === 0) lose(from, 'the server drains')
        return
      }
      case 'error':
        // It closes after this. What it blames, the other wire is told exactly.
        lose(from, `${frame.code}: ${frame.message}`, true)
    }
  }

  function settleUpTo(ack: Extract<IngestServerFrame, { kind: 'ack' }>) {
    // The counts are of all batches together; duplicates are laid to the first of them, so that the sums are right.
    let { duplicates } = ack
    const answers = flight
      .filter(({ n }) => n <= ack.n)
      .map(({ n, events, settle }) => {
        const refused = ack.refused.filter((item) => item.n === n).map(({ n: _, ...item }) => item)
        const taken = events.length - refused.length
        const again = Math.min(duplicates, taken)
        duplicates -= again
        return () => settle({ kind: 'answer', accepted: taken - again, duplicates: again, refused })
      })
    flight = flight.filter(({ n }) => n > ack.n)
    for (const answer of answers) answer()
  }

  function pump() {
    while (state === 'open' && limits !== undefined && socket !== undefined) {
      const [batch] = waiting
      if (batch === undefined) return
      const unacknowledged = flight.reduce((sum, { events }) => sum + events.length, 0)
      if (unacknowledged > 0 && unacknowledged + batch.events.length > limits.credit) return
      waiting.shift()
      const text = JSON.stringify({ kind: 'batch', n: nextN, events: batch.events })
      if (batch.events.length > limits.maxBatchEvents || isLonger(text, limits.maxFrameBytes)) {
        if (batch.events.length === 1) batch.settle({ kind: 'unusable', why: 'an event is larger than a frame may be' })
        else void inHalves(batch.events, send).then(batch.settle)
        continue
      }
      flight.push({ ...batch, n: nextN })
      nextN += 1
      socket.send(compressed && limits.zstd === true ? compress(text) : text)
      if (flight.length === 1) watchAcks()
    }
  }

  function send(events: readonly EventInput[]): Promise<Outcome> {
    if (state === 'closed' || state === 'draining' || clock.monotonic() < notBefore) return Promise.resolve(heldOff())
    return new Promise((settle) => {
      waiting.push({ events, settle })
      try {
        if (state === 'idle') connect()
        else pump()
      } catch (error) {
        waiting = waiting.filter((batch) => batch.settle !== settle)
        move('lost')
        settle({ kind: 'unusable', why: String(error) })
      }
    })
  }

  return {
    send,
    close() {
      const held = [...flight, ...waiting]
      const open = socket
      move('close')
      socket = undefined
      flight = []
      waiting = []
      cancelTimeout()
      open?.close(1000)
      for (const { settle } of held) settle({ kind: 'retry', why: 'the line was closed', afterMs: 0 })
    },
  }
}

/** Without counting: a UTF-16 unit takes one to three bytes. */
const isLonger = (text: string, bytes: number): boolean =>
  text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)

function openSocket(url: string, key: string | undefined): WebSocket {
  const address = `${url.replace(/^http/, 'ws')}/v1/ingest`
  letProcessEnd(new URL(address).pathname)
  // Browsers take no headers here; Node's WebSocket does.
  return key === undefined
    ? new WebSocket(address, ['signalbox.json'])
    : new WebSocket(address, { protocols: ['signalbox.json'], headers: { authorization: `Bearer ${key}` } } as unknown as string[])
}
