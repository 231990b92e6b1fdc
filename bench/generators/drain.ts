/** Many subscribers in a process of their own: they read and count, nothing else. Prints "ready", then how many messages each got when asked. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

const [kind, url, countText, feed = 'events'] = process.argv.slice(2)
const count = Number(countText)
const received = new Array<number>(count).fill(0)
const path = kind === 'socket.io' ? '/socket.io/?EIO=4&transport=websocket' : kind === 'signalbox' ? `/v1/live?feed=${feed}` : '/'

await Promise.all(
  Array.from({ length: count }, async (_, i) => {
    const socket = new WebSocket(`${url?.replace('http', 'ws')}${path}`, { perMessageDeflate: false })
    let joined = kind !== 'socket.io'
    socket.on('message', (bytes: Buffer) => {
      if (kind === 'socket.io') {
        const head = String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0)
        if (head[0] === '2') socket.send('3')
        if (head[0] === '0') socket.send('40')
        if (head === '40') joined = true
        if (head !== '42') return
      }
      received[i] = (received[i] ?? 0) + 1
    })
    await once(socket, 'open')
    while (!joined) await once(socket, 'message')
  }),
)
console.log('ready')
process.stdin.on('data', () => console.log(JSON.stringify({ least: Math.min(...received), all: received.reduce((a, b) => a + b, 0) })))
