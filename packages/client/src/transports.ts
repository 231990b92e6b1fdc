/** The three ways to a feed. Each calls `onFrame` for every frame and `onLost` once; a cursor of one continues on any other. */
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'

export type TransportName = 'ws' | 'sse' | 'poll'

export interface Wanted {
  readonly url: string
  readonly key?: string | undefined
  readonly feed: FeedKind
  readonly filter: Filter
  readonly cursor?: string | undefined
  readonly fromStart?: boolean | undefined
}

export interface Listener {
  onOpen(): void
  onFrame(frame: ServerFrame): void
  onLost(reason: string): void
}

export interface Connection {
  close(): void
}

function queryOf({ feed, filter, cursor, fromStart }: Wanted): URLSearchParams {
  const query = new URLSearchParams({ feed })
  for (const [name, values] of Object.entries(filter)) for (const value of values as readonly string[]) query.append(name, value)
  if (cursor !== undefined) query.set('cursor', cursor)
  if (fromStart === true && cursor === undefined) query.set('from', 'start')
  return query
}

const headersOf = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` })
/** Bytes the server may have unacknowledged to us: a page that falls behind is demoted, not flooded. */
const creditBytes = 1_048_576

/** Sockets shared by the feeds of one server; two feeds with the same filter need two. */
interface Shared {
  readonly socket: WebSocket
  readonly users: Map<string, Listener & { sub?: string }>
  unacknowledged: number
}
const pool = new Map<string, Shared[]>()

function openShared(wanted: Wanted): Shared {
  const url = `${wanted.url.replace(/^http/, 'ws')}/v1/live?credit=${creditBytes}`
  // Browsers take no headers here; Node's WebSocket does.
  const socket =
    wanted.key === undefined
      ? new WebSocket(url, ['signalbox.json'])
      : new WebSocket(url, { protocols: ['signalbox.json'], headers: headersOf(wanted.key) } as unknown as string[])
  const shared: Shared = { socket, users: new Map(), unacknowledged: 0 }
  socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    const frame = JSON.parse(text) as ServerFrame
    // Text is counted in UTF-16 units, the window in bytes: for what is not ASCII we credit less and are a little slower.
    shared.unacknowledged += new Blob([text]).size
    if (shared.unacknowledged >= creditBytes / 2) {
      socket.send(JSON.stringify({ kind: 'ack', bytes: shared.unacknowledged }))
      shared.unacknowledged = 0
    }
    if (frame.kind === 'subscribed') {
      const user = shared.users.get(frame.ref)
      if (user !== undefined) user.sub = frame.sub
      user?.onOpen()
      user?.onFrame(frame)
    } else if ('sub' in frame) {
      for (const user of shared.users.values()) if (user.sub === frame.sub) user.onFrame(frame)
    } else if (frame.kind === 'error') {
      if (frame.ref !== undefined) shared.users.get(frame.ref)?.onLost(`${frame.code}: ${frame.message}`)
    } else for (const user of shared.users.values()) user.onFrame(frame)
  })
  socket.addEventListener('close', ({ code, reason }) => {
    for (const [key, list] of pool)
      pool.set(
        key,
        list.filter((held) => held !== shared),
      )
    for (const user of [...shared.users.values()]) user.onLost(reason === '' ? `closed (${code})` : `${reason} (${code})`)
    shared.users.clear()
  })
  socket.addEventListener('error', () => socket.close())
  return shared
}

export function openWebSocket(wanted: Wanted, listener: Listener): Connection {
  const server = `${wanted.url} ${wanted.key ?? ''}`
  const ref = `${wanted.feed} ${JSON.stringify(wanted.filter)}`
  const list = pool.get(server) ?? []
  let shared = list.find((held) => !held.users.has(ref) && held.socket.readyState <= WebSocket.OPEN)
  // "From the start" is asked for in the URL, so such a feed has a socket of its own.
  if (shared === undefined || wanted.fromStart === true) {
    shared = openShared(wanted)
    pool.set(server, [...list, shared])
  }
  const own = shared
  own.users.set(ref, listener)
  const subscribe = () =>
    own.socket.send(
      JSON.stringify({
        kind: 'subscribe',
        ref,
        feed: wanted.feed,
        filter: wanted.filter,
        ...(wanted.cursor === undefined ? {} : { cursor: wanted.cursor }),
        ...(wanted.fromStart === true && wanted.cursor === undefined ? { from: 'start' } : {}),
      }),
    )
  if (own.socket.readyState === WebSocket.OPEN) subscribe()
  else own.socket.addEventListener('open', subscribe, { once: true })
  return {
    close() {
      const user = own.users.get(ref)
      own.users.delete(ref)
      if (own.users.size === 0) own.socket.close(1000)
      else if (user?.sub !== undefined && own.socket.readyState === WebSocket.OPEN)
        own.socket.send(JSON.stringify({ kind: 'unsubscribe', sub: user.sub }))
    },
  }
}

export function openStream(wanted: Wanted, listener: Listener): Connection {
  const abort = new AbortController()
  const lost = (reason: string) => !abort.signal.aborted && listener.onLost(reason)
  const read = async () => {
    const response = await fetch(`${wanted.url}/v1/stream?${queryOf(wanted)}`, {
      headers: { accept: 'text/event-stream', ...headersOf(wanted.key) },
      signal: abort.signal,
    })
    if (!response.ok || response.body === null) return lost(`stream answered ${response.status}`)
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

export function openPoll(wanted: Wanted, listener: Listener): Connection {
  const abort = new AbortController()
  const run = async () => {
    let { cursor } = wanted
    for (let first = true; !abort.signal.aborted; first = false) {
      const query = queryOf({ ...wanted, cursor })
      query.set('wait', '25')
      const response = await fetch(`${wanted.url}/v1/poll?${query}`, { headers: headersOf(wanted.key), signal: abort.signal })
      if (!response.ok) return listener.onLost(`poll answered ${response.status}`)
      const answer = (await response.json()) as { frames: ServerFrame[]; cursor: string }
      if (first) listener.onOpen()
      for (const frame of answer.frames) listener.onFrame(frame)
      // Progress without matches: the answer's cursor is further than the last frame's.
      const last = answer.frames.at(-1)
      const from = last !== undefined && 'cursor' in last ? last.cursor : cursor
      if (from !== undefined && from !== answer.cursor)
        listener.onFrame({ kind: 'heartbeat', sub: '', from, cursor: answer.cursor, serverTime: Date.now() })
      else if (from === undefined) listener.onFrame({ kind: 'subscribed', ref: '', sub: '', cursor: answer.cursor })
      cursor = answer.cursor
    }
  }
  run().catch((error: Error) => !abort.signal.aborted && listener.onLost(error.message))
  return { close: () => abort.abort() }
}

export const transports: { readonly [T in TransportName]: (wanted: Wanted, listener: Listener) => Connection } = {
  ws: openWebSocket,
  sse: openStream,
  poll: openPoll,
}
