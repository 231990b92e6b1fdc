/** A reader on each of the three transports, alike for tests. */
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'
import type { LiveState } from '@signalbox/model/live-state.ts'
import { WebSocket } from 'ws'
import { createTaker, type Taker } from './taker.testing.ts'

export type TransportName = 'ws' | 'sse' | 'poll'

export interface Wanted {
  readonly feed: FeedKind
  readonly filter?: Filter
  readonly cursor?: string | undefined
  readonly fromStart?: boolean
  readonly tenant?: string
  /** What a reader held before, so that a resumed one goes on with it. */
  readonly state?: LiveState
}

export interface Connected extends Taker {
  close(): Promise<void>
}

function queryOf({ feed, filter = {}, cursor, fromStart }: Wanted): URLSearchParams {
  const query = new URLSearchParams({ feed })
  for (const [name, values] of Object.entries(filter)) for (const value of values as readonly string[]) query.append(name, value)
  if (cursor !== undefined) query.set('cursor', cursor)
  if (fromStart === true && cursor === undefined) query.set('from', 'start')
  return query
}
const headersOf = ({ tenant }: Wanted): Record<string, string> => (tenant === undefined ? {} : { authorization: `Bearer ${tenant}` })

export async function connect(transport: TransportName, url: string, wanted: Wanted): Promise<Connected> {
  const taker = createTaker(wanted.cursor, wanted.state)
  const { opened, close } = await openers[transport](url, wanted, taker)
  await opened
  return { ...taker, close }
}

interface Opening {
  readonly opened: Promise<void>
  close(): Promise<void>
}

const openers: Record<TransportName, (url: string, wanted: Wanted, taker: Taker) => Promise<Opening>> = {
  async ws(url, wanted, taker) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live?${queryOf(wanted)}`, ['signalbox.json'], {
      headers: headersOf(wanted),
    })
    socket.on('message', (data) => taker.take(JSON.parse(String(data)) as ServerFrame))
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    return {
      opened: taker.until(({ frames }) => frames.some(({ kind }) => kind === 'subscribed')),
      close() {
        socket.close()
        return closed
      },
    }
  },

  async sse(url, wanted, taker) {
    const abort = new AbortController()
    const { cursor, ...rest } = wanted
    const response = await fetch(`${url}/v1/stream?${queryOf(rest)}`, {
      headers: { ...headersOf(wanted), ...(cursor === undefined ? {} : { 'last-event-id': cursor }) },
      signal: abort.signal,
    })
    if (!response.ok || response.body === null) throw new Error(`/v1/stream answered ${response.status}: ${await response.text()}`)
    const lines = response.body.pipeThrough(new TextDecoderStream())
    const ended = (async () => {
      let text = ''
      for await (const chunk of lines) {
        text += chunk
        const blocks = text.split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
          )
          if (fields.data === undefined && fields.id !== undefined) taker.take({ kind: 'subscribed', ref: '', sub: '', cursor: fields.id })
          if (fields.data === undefined) continue
          const frame = JSON.parse(fields.data) as ServerFrame
          if (frame.kind !== fields.event) throw new Error(`event: ${fields.event} carries a ${frame.kind}`)
          taker.take(frame)
        }
      }
    })().catch((error: Error) => {
      if (!abort.signal.aborted) throw error
    })
    return {
      opened: taker.until(({ frames }) => frames.some(({ kind }) => kind === 'subscribed')),
      async close() {
        abort.abort()
        await ended
      },
    }
  },

  async poll(url, wanted, taker) {
    const abort = new AbortController()
    let { cursor } = wanted
    const ask = async (wait: number) => {
      const query = queryOf({ ...wanted, cursor })
      query.set('wait', String(wait))
      const response = await fetch(`${url}/v1/poll?${query}`, { headers: headersOf(wanted), signal: abort.signal })
      if (!response.ok) throw new Error(`/v1/poll answered ${response.status}: ${await response.text()}`)
      const answer = (await response.json()) as { frames: ServerFrame[]; cursor: string }
      for (const frame of answer.frames) taker.take(frame)
      const from = taker.cursor()
      if (from === undefined) taker.take({ kind: 'subscribed', ref: '', sub: '', cursor: answer.cursor })
      else if (from !== answer.cursor) taker.take({ kind: 'heartbeat', sub: '', from, cursor: answer.cursor, serverTime: 0 })
      cursor = answer.cursor
    }
    let over = false
    await ask(0)
    const ended = (async () => {
      while (!over) await ask(10)
    })().catch((error: Error) => {
      if (!over) throw error
    })
    return {
      opened: Promise.resolve(),
      async close() {
        over = true
        abort.abort()
        await ended
      },
    }
  },
}
