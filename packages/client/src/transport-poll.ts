/** `/v1/poll`: a request that waits for the next frames. */
import type { ServerFrame } from '@signalbox/model/live.ts'
import { type Connection, headersOf, type Listener, queryOf, refusalIn, type Wanted } from './transport.ts'

export function openPoll(wanted: Wanted, listener: Listener): Connection {
  const abort = new AbortController()
  const run = async () => {
    let { cursor } = wanted
    for (let first = true; !abort.signal.aborted; first = false) {
      const query = queryOf({ ...wanted, cursor })
      // The first does not wait: it is open when it is answered.
      query.set('wait', first ? '0' : '25')
      const response = await fetch(`${wanted.url}/v1/poll?${query}`, { headers: headersOf(wanted.key), signal: abort.signal })
      if (!response.ok) {
        const refusal = await refusalIn(response)
        return refusal === undefined ? listener.onLost(`poll answered ${response.status}`) : listener.onRefused(refusal)
      }
      const answer = (await response.json()) as { frames: ServerFrame[]; cursor: string }
      if (first) listener.onOpen()
      for (const frame of answer.frames) listener.onFrame(frame)
      // Progress without matches: the answer's cursor is further than the last frame's. Without progress it is a word of the server all the same.
      const last = answer.frames.at(-1)
      const from = last !== undefined && 'cursor' in last ? last.cursor : cursor
      if (from !== undefined && (last === undefined || from !== answer.cursor))
        listener.onFrame({ kind: 'heartbeat', sub: '', from, cursor: answer.cursor, serverTime: Date.now() })
      else if (from === undefined) listener.onFrame({ kind: 'subscribed', ref: '', sub: '', cursor: answer.cursor })
      cursor = answer.cursor
    }
  }
  run().catch((error: Error) => !abort.signal.aborted && listener.onLost(error.message))
  return { close: () => abort.abort() }
}
