/**
 * A TCP proxy in user space that misbehaves as it is told. It knows no protocol: it stands before the server or before PostgreSQL.
 * A behaviour holds for connections that are open and for new ones; what it broke beyond healing (bytes dropped, an end sent) is reset
 * when the next behaviour comes, so that no stream ever goes on with a hole in it.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Behaviour, FaultProxy } from '../world/world.ts'
import { createLane, type Lane, type Rules } from './proxy-lane.ts'

/** Both sockets of one connection and the two ways between them. */
interface Link {
  /** The behaviour changed. */
  obey(): void
  /** Whether the target holds on to it. */
  stands(): boolean
  reset(): void
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'postgres:': 5432, 'postgresql:': 5432 }

function portOf({ port, protocol, hostname }: URL): number {
  const found = Number(port) || defaultPorts[protocol]
  if (found === undefined) throw new Error(`The fault proxy knows no port of ${protocol}//${hostname}.`)
  return found
}

const host = '127.0.0.1'

/** `target`: any URL with a host, e.g. of the server or a DATABASE_URL. The proxy's `url` is the same with another host and port. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const to = new URL(target)
  const port = portOf(to)
  const links = new Set<Link>()
  const touched = new Set<object>()
  let how: Behaviour = { kind: 'pass' }
  let withheld = 0
  let change = Promise.withResolvers<void>()

  const rules: Omit<Rules, 'reset' | 'touch' | 'spoil'> = {
    how: () => how,
    changed: () => change.promise,
    withheld: (bytes) => {
      withheld += bytes
    },
  }

  function open(client: Socket) {
    const server = connect({ host: to.hostname, port, allowHalfOpen: true })
    let isSpoilt = false
    let isReset = false
    const link: Link = {
      obey() {
        if (isSpoilt) return link.reset()
        requests.obey()
        answers.obey()
      },
      stands: () => !server.readableEnded && !server.destroyed,
      reset() {
        if (isReset) return
        isReset = true
        client.resetAndDestroy()
        // Not connected yet, it has nobody to tell.
        if (server.connecting) server.destroy()
        else server.resetAndDestroy()
      },
    }
    const own: Rules = {
      ...rules,
      touch: () => touched.add(link),
      spoil: () => {
        isSpoilt = true
      },
      reset: link.reset,
    }
    const requests: Lane = createLane(client, server, 'requests', own)
    const answers: Lane = createLane(server, client, 'answers', own)
    links.add(link)
    const gone = () => client.closed && server.closed && links.delete(link)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.once('close', gone)
    }
    link.obey()
  }

  const listener = createServer({ allowHalfOpen: true }, open).listen(0, host)
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The fault proxy has no port.')
  const url = new URL(target)
  url.host = `${host}:${address.port}`

  return {
    url: url.href.replace(/\/$/, ''),
    behave(next) {
      how = next
      touched.clear()
      withheld = 0
      const before = change
      change = Promise.withResolvers()
      before.resolve()
      for (const link of links) link.obey()
    },
    touched: () => touched.size,
    withheld: () => withheld,
    standing: () =>
      links
        .values()
        .filter((link) => link.stands())
        .reduce((sum) => sum + 1, 0),
    async close() {
      const closed = once(listener, 'close')
      listener.close()
      for (const link of links) link.reset()
      await closed
    },
  }
}
