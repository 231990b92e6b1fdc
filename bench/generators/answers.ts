/** What single events cost without Signalbox: a bare server that reads each, stores nothing, and answers at once. Prints its URL. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const receipt = { accepted: 1, duplicates: 0, refused: [], durability: 'volatile', cursor: 'none' }
const body = JSON.stringify(receipt)
const headers = { 'content-type': 'application/json', 'content-length': body.length }

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(String(Buffer.concat(chunks)))
    response.writeHead(200, headers).end(body)
  })
})
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (bytes: Buffer) => {
    const { n } = JSON.parse(String(bytes)) as { n: number }
    socket.send(JSON.stringify({ kind: 'ack', n, ...receipt, credit: 10_000 }))
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
