/** A way for batches to the server: REST, or a WebSocket in any codec. Each send ends in what the history tells of it, and never rejects. */
import { type Codec, codecs } from '@signalbox/model/codecs/codec.ts'
import type { IngestServerFrame, ItemRefusal } from '@signalbox/model/live.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import { WebSocket } from 'ws'
import type { Told } from '../history/history.ts'
import { frameBytes } from './frame-bytes.ts'

type SendTold = Extract<Told, { op: 'send' }>
/** How a call ended; `call` is the sender's to add. */
type Ending = SendTold extends infer E
  ? E extends { type: 'invoke' }
    ? never
    : E extends SendTold
      ? Omit<E, 'op' | 'call'>
      : never
  : never

export interface Line {
  readonly door: 'rest' | 'ws'
  readonly encoding: Codec['name']
  send(items: readonly string[]): Promise<Ending>
  close(): void
}

const info = (error: string): Ending => ({ type: 'info', error })
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

const codesOf = (refused: readonly ItemRefusal[]) =>
  refused.map(({ index, id, code }) => (id === undefined ? { index, code } : { index, id, code }))

interface RestAnswer {
  readonly accepted?: number
  readonly duplicates?: number
  readonly refused?: readonly ItemRefusal[]
  readonly durability?: 'durable' | 'replicated' | 'volatile'
  readonly cursor?: string
  readonly code?: string
}

/** `query`: of its route, as `?backfill=true`. */
export function createRestLine(url: string, patienceMs: number, query = ''): Line {
  return {
    door: 'rest',
    encoding: 'json',
    async send(items) {
      try {
        const response = await fetch(`${url}/v1/events${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `[${items.join(',')}]`,
          signal: AbortSignal.timeout(patienceMs),
        })
        const answer = (await response.json()) as RestAnswer
        const { accepted = 0, duplicates = 0, refused = [], durability = 'durable', cursor, code = '' } = answer
        // A request of one event answers that event's refusal.
        if (response.ok || refused.length > 0)
          return { type: 'ok', accepted, duplicates, refused: codesOf(refused), durability, ...(cursor === undefined ? {} : { cursor }) }
        const isFinal = Object.entries(refusals).some(([name, { retryable }]) => name === code && !retryable)
        // What may be retried may also be stored in part: a batch has two partitions.
        return isFinal ? { type: 'fail', error: code } : info(`${response.status} ${code}`)
      } catch (error) {
        return info(reasonOf(error))
      }
    },
    close() {},
  }
}

interface Waiting {
  readonly end: (ending: Ending) => void
  readonly giveUp: NodeJS.Timeout
}

/** Connects when there is something to send, and again after a loss. Several batches may be under way; one `ack` may end them all. */
export function createSocketLine(url: string, encoding: Codec['name'], patienceMs: number): Line {
  const codec: Codec = codecs[encoding]
  let socket: WebSocket | undefined
  let ready: Promise<void> | undefined
  let n = 0
  const waiting = new Map<number, Waiting>()

  const endThose = (which: (of: number) => boolean, ending: (of: number) => Ending) => {
    for (const [of, { end, giveUp }] of [...waiting]) {
      if (!which(of)) continue
      waiting.delete(of)
      clearTimeout(giveUp)
      end(ending(of))
    }
  }
  function lose(lost: WebSocket, why: string) {
    if (socket !== lost) return
    socket = undefined
    ready = undefined
    lost.terminate()
    endThose(
      () => true,
      () => info(why),
    )
  }

  function connect(): Promise<void> {
    const mine = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, [codec.subprotocol], { handshakeTimeout: patienceMs })
    socket = mine
    n = 0
    mine.on('error', (error) => lose(mine, reasonOf(error)))
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => lose(mine, 'no welcome'), patienceMs)
      mine.on('close', (code) => {
        clearTimeout(giveUp)
        lose(mine, `closed ${code}`)
        reject(new Error(`closed ${code}`))
      })
      mine.on('message', (bytes: Buffer, isBinary) => {
        const frame = codec.decode(isBinary ? bytes : bytes.toString()) as unknown as IngestServerFrame
        if (frame.kind === 'welcome') {
          clearTimeout(giveUp)
          resolve()
        } else if (frame.kind === 'ack') {
          const { accepted, duplicates, durability, cursor } = frame
          endThose(
            (of) => of <= frame.n,
            (of) => ({
              type: 'ok',
              // The counts are of all that it acknowledges: the last has them.
              accepted: of === frame.n ? accepted : 0,
              duplicates: of === frame.n ? duplicates : 0,
              refused: codesOf(frame.refused.filter((refusal) => refusal.n === of)),
              durability,
              cursor,
            }),
          )
        } else if (frame.kind === 'retry') {
          n = frame.n - 1
          endThose(
            (of) => of >= frame.n,
            () => info(`retry ${frame.code}`),
          )
        } else if (frame.kind === 'error') lose(mine, `error ${frame.code}: ${frame.message}`)
      })
    })
  }

  return {
    door: 'ws',
    encoding,
    async send(items) {
      try {
        ready ??= connect()
        await ready
      } catch (error) {
        // It never left.
        return { type: 'fail', error: reasonOf(error) }
      }
      const to = socket
      if (to === undefined) return { type: 'fail', error: 'the connection is gone' }
      n += 1
      const mine = n
      const ending = new Promise<Ending>((end) => {
        waiting.set(mine, { end, giveUp: setTimeout(() => lose(to, 'no answer in time'), patienceMs) })
      })
      const text = `{"kind":"batch","n":${mine},"events":[${items.join(',')}]}`
      to.send(frameBytes(codec, text))
      return ending
    },
    close() {
      if (socket !== undefined) lose(socket, 'closed by the sender')
    },
  }
}
