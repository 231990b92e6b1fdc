/** `/v1/live`: one WebSocket for the feeds of a server. */
import { type ClientFrame, closeCodes, type ServerFrame } from '@signalbox/model/live.ts'
import { type Connection, type FeedRefused, headersOf, type Listener, queryOf, refusalIn, refusalOf, type Wanted } from './transport.ts'

const utf8 = new TextEncoder()
let scratch = new Uint8Array(65_536)
/** Bytes of a text on the wire. */
function bytesOf(text: string): number {
  if (scratch.length < 3 * text.length) scratch = new Uint8Array(3 * text.length)
  return utf8.encodeInto(text, scratch).written
}

/** Bytes the server may have unacknowledged to us: a page that falls behind is demoted, not flooded. Some tenths of a second of a fleet at full load. */
const creditBytes = 4_194_304

interface User extends Listener {
  readonly what: string
  sub?: string
  /** Closed before the server answered; it keeps its place, because the server would refuse a second one of the same. */
  gone?: boolean
}

/** Sockets shared by the feeds of one server; two feeds of the same need two, because the server gives both one `sub`. */
interface Shared {
  readonly server: string
  readonly socket: WebSocket
  /** By the `ref` each subscribed with. */
  readonly users: Map<string, User>
  unacknowledged: number
  /** May be subscribed on. */
  isReady: boolean
  /** What is to be said once it is. */
  readonly onReady: Set<() => void>
  /** What the server said was wrong before it closes. */
  refusal?: FeedRefused | undefined
}
const silent: Listener = { onOpen() {}, onFrame() {}, onLost() {}, onRefused() {} }
const pool = new Map<string, Shared[]>()
let refs = 0

function openShared(wanted: Wanted, server: string): Shared {
  const url = `${wanted.url.replace(/^http/, 'ws')}/v1/live?credit=${creditBytes}`
  // The key goes in a frame: browsers take no headers here, and one way is the same everywhere. An older server knows no such frame, and
  // refuses the upgrade or the frame; the feed then goes on over the next transport.
  const socket = new WebSocket(url, ['signalbox.json'])
  const { key } = wanted
  const shared: Shared = { server, socket, users: new Map(), unacknowledged: 0, isReady: false, onReady: new Set() }
  socket.addEventListener('open', () => (key === undefined ? ready(shared) : say(shared, { kind: 'auth', key })), { once: true })
  pool.set(server, [...(pool.get(server) ?? []), shared])
  socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    try {
      receive(shared, frameOf(text), bytesOf(text))
    } catch {
      // It is none of ours, or a reader stumbled over it; an error thrown here would end a Node process.
      socket.close()
    }
  })
  socket.addEventListener('close', ({ code, reason }) => {
    forget(shared)
    const users = [...shared.users.values()]
    shared.users.clear()
    // The key is that of all.
    const keyRefusal = code === closeCodes.unauthenticated ? (shared.refusal ?? refusalOf(reason, 'The key was revoked.')) : undefined
    if (keyRefusal !== undefined) {
      for (const user of users) user.onRefused(keyRefusal)
      return
    }
    // With two that wait for their answer it is not known which of them is meant; apart they will be told.
    const pending = users.filter(({ sub }) => sub === undefined)
    for (const user of users) {
      if (shared.isReady && shared.refusal !== undefined && pending.length === 1 && user === pending[0]) user.onRefused(shared.refusal)
      else user.onLost(reason === '' ? `closed (${code})` : `${reason} (${code})`)
    }
  })
  return shared
}

const say = ({ socket }: Shared, frame: ClientFrame) => socket.send(JSON.stringify(frame))

function ready(shared: Shared) {
  shared.isReady = true
  for (const run of shared.onReady) run()
  shared.onReady.clear()
}

function closeIfUnused(shared: Shared) {
  if ([...shared.users.values()].some(({ gone }) => gone !== true)) return
  forget(shared)
  shared.socket.close(1000)
}

function forget(shared: Shared) {
  const { server } = shared
  const rest = (pool.get(server) ?? []).filter((held) => held !== shared)
  if (rest.length === 0) pool.delete(server)
  else pool.set(server, rest)
}

/** Throws on what is no frame: whoever answers does not speak the protocol. */
function frameOf(text: string): ServerFrame {
  const frame: unknown = JSON.parse(text)
  if (typeof frame === 'object' && frame !== null && 'kind' in frame) return frame as ServerFrame
  throw new TypeError('Not a frame: it has no kind.')
}

function receive(shared: Shared, frame: ServerFrame, bytes: number) {
  const { users } = shared
  shared.unacknowledged += bytes
  if (shared.unacknowledged >= creditBytes / 2) {
    say(shared, { kind: 'ack', bytes: shared.unacknowledged })
    shared.unacknowledged = 0
  }
  if (frame.kind === 'welcome') ready(shared)
  else if (frame.kind === 'subscribed') {
    const user = users.get(frame.ref)
    if (user === undefined) return
    if (user.gone === true) {
      users.delete(frame.ref)
      say(shared, { kind: 'unsubscribe', sub: frame.sub })
      return
    }
    user.sub = frame.sub
    user.onOpen()
    user.onFrame(frame)
  } else if ('sub' in frame) {
    for (const user of users.values()) if (user.sub === frame.sub) user.onFrame(frame)
  } else if (frame.kind === 'error') {
    const refusal = refusalOf(frame.code, frame.message)
    const user = frame.ref === undefined ? undefined : users.get(frame.ref)
    if (frame.ref === undefined) shared.refusal = refusal
    // An answer is the end of it: nothing waits for this user any more.
    else users.delete(frame.ref)
    if (refusal === undefined) user?.onLost(`${frame.code}: ${frame.message}`)
    else user?.onRefused(refusal)
    if (frame.ref !== undefined) closeIfUnused(shared)
  } else for (const user of [...users.values()]) user.onFrame(frame)
}

export function openWebSocket(wanted: Wanted, listener: Listener): Connection {
  const server = `${wanted.url} ${wanted.key ?? ''}`
  const what = `${wanted.feed} ${JSON.stringify(wanted.filter)}`
  const ref = `f${++refs}`
  const own =
    pool
      .get(server)
      ?.find(({ socket, users }) => socket.readyState <= WebSocket.OPEN && [...users.values()].every((user) => user.what !== what)) ??
    openShared(wanted, server)
  own.users.set(ref, { ...listener, what })
  const subscribe = () => {
    // Closed before the socket was ready.
    if (!own.users.has(ref)) return
    say(own, {
      kind: 'subscribe',
      ref,
      feed: wanted.feed,
      filter: wanted.filter,
      ...(wanted.cursor === undefined ? {} : { cursor: wanted.cursor }),
      ...(wanted.fromStart === true && wanted.cursor === undefined ? { from: 'start' } : {}),
    })
  }
  if (own.isReady) subscribe()
  else own.onReady.add(subscribe)
  return {
    close() {
      const user = own.users.get(ref)
      if (user === undefined) return
      const isOpen = own.isReady && own.socket.readyState === WebSocket.OPEN
      // It may never open: who was tired of waiting, or comes later, tries another.
      if (!isOpen) forget(own)
      if (isOpen && user.sub === undefined) own.users.set(ref, { ...silent, what, gone: true })
      else own.users.delete(ref)
      if (isOpen && user.sub !== undefined) say(own, { kind: 'unsubscribe', sub: user.sub })
      closeIfUnused(own)
    },
  }
}

/** A browser is not told why its WebSocket was refused; a poll that does not wait is. */
export async function whyRefused(wanted: Wanted): Promise<FeedRefused | undefined> {
  const query = queryOf(wanted)
  query.set('wait', '0')
  try {
    return await refusalIn(await fetch(`${wanted.url}/v1/poll?${query}`, { headers: headersOf(wanted.key) }))
  } catch {
    // No answer is no refusal.
    return undefined
  }
}
