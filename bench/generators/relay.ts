/** The references: an event relayed to every client by Socket.IO, or by bare ws with one send each; nothing is stored. */
import { createServer } from 'node:http'
import { createIdSource } from '@signalbox/model/ids.ts'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'
import { createFleet } from '../fleet.ts'

const [kind, secondsText] = process.argv.slice(2)
const http = createServer()
const io = kind === 'socket.io' ? new Server(http, { transports: ['websocket'], perMessageDeflate: false }) : undefined
const plain = kind === 'ws' ? new WebSocketServer({ server: http, perMessageDeflate: false }) : undefined
const events = createFleet(createIdSource(Date.now), 0)(1_000)

/** Unsent bytes over all clients at which the sender waits, so that memory is not what is measured. */
const mostUnsent = 8 * 1_048_576
const sockets = () =>
  io === undefined
    ? [...(plain?.clients ?? [])]
    : [...io.sockets.sockets.values()].map((socket) => (socket.conn.transport as unknown as { socket: { bufferedAmount: number } }).socket)
const unsent = () => sockets().reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0)

async function broadcast() {
  const until = performance.now() + Number(secondsText) * 1_000
  const startedAt = performance.now()
  let sent = 0
  while (performance.now() < until) {
    for (let i = 0; i < 10; i += 1) {
      const event = events[sent % events.length]
      if (io !== undefined) io.emit('event', event)
      else {
        const text = JSON.stringify(event)
        for (const client of plain?.clients ?? []) client.send(text)
      }
      sent += 1
    }
    do await new Promise((resume) => setImmediate(resume))
    while (unsent() > mostUnsent)
  }
  while (unsent() > 0) await new Promise((resume) => setImmediate(resume))
  console.log(JSON.stringify({ sent, seconds: (performance.now() - startedAt) / 1_000 }))
}

http.listen(0, '127.0.0.1', () => {
  const address = http.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
process.stdin.once('data', () => void broadcast())
