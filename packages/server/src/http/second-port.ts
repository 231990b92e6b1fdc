/** One more port of the same server: what comes on it is handled as what comes on the first, under the same limits. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SecondPort {
  /** Answers the port: 0 picks one. Rejects as `listen` does. */
  listen(host: string, port: number): Promise<number>
  /** Whether it came this way. */
  has(request: IncomingMessage): boolean
  close(): Promise<void>
}

export function createSecondPort(first: Server, options: { readonly connectionsCheckingInterval: number }): SecondPort {
  const requests = new WeakSet<IncomingMessage>()
  const second = createServer({ ...options, requireHostHeader: false, keepAliveTimeout: first.keepAliveTimeout })
  second.on('request', (request, response) => {
    requests.add(request)
    first.emit('request', request, response)
  })
  second.on('clientError', (error, socket) => first.emit('clientError', error, socket))
  return {
    async listen(host, port) {
      second.requestTimeout = first.requestTimeout
      second.headersTimeout = first.headersTimeout
      second.timeout = first.timeout
      const listening = once(second, 'listening')
      second.listen({ host, port })
      await listening
      return (second.address() as AddressInfo).port
    },
    has: (request) => requests.has(request),
    async close() {
      if (!second.listening) return
      const closed = once(second, 'close')
      second.close()
      second.closeAllConnections()
      await closed
    },
  }
}
