/** The reference of latency: batches passed to every subscriber as they come, by bare ws; nothing is checked, numbered or stored. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })

server.on('connection', (socket) => {
  socket.on('message', (bytes: Buffer) => {
    const { n, events } = JSON.parse(String(bytes)) as { n: number; events: unknown[] }
    const frame = JSON.stringify({ kind: 'events', items: events })
    for (const client of server.clients) if (client !== socket) client.send(frame)
    socket.send(JSON.stringify({ kind: 'ack', n, accepted: events.length, refused: [] }))
  })
})
http.listen(0, '127.0.0.1', () => {
  const address = http.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
