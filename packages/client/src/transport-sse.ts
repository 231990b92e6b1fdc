/** `/v1/stream`: server-sent events, read by `fetch` because `EventSource` sends no key. */
import type { ServerFrame } from '@signalbox/model/live.ts'
import { type Connection, headersOf, type Listener, queryOf, refusalIn, type Wanted } from './transport.ts'

export function openStream(wanted: Wanted, listener: Listener): Connection {
  const abort = new AbortController()
  const lost = (reason: string) => !abort.signal.aborted && listener.onLost(reason)
  const read = async () => {
    const response = await fetch(`${wanted.url}/v1/stream?${queryOf(wanted)}`, {
      headers: { accept: 'text/event-stream', ...headersOf(wanted.key) },
      signal: abort.signal,
    })
    if (!response.ok || response.body === null) {
      const refusal = await refusalIn(response)
      return refusal === undefined ? lost(`stream answered ${response.status}`) : listener.onRefused(refusal)
    }
    listener.onOpen()
    let text = ''
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return lost('the stream ended')
      text += value
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2)
        const data = field('data')
        const id = field('id')
        if (data !== undefined) listener.onFrame(JSON.parse(data) as ServerFrame)
        // Where the stream begins: a loss before its first frame goes on from here instead of from a later now.
        else if (id !== undefined) listener.onFrame({ kind: 'subscribed', ref: '', sub: '', cursor: id })
      }
    }
  }
  read().catch((error: Error) => lost(error.message))
  return { close: () => abort.abort() }
}
