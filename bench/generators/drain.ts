/**
 * Many subscribers in a process of their own: they read and count frames, nothing else, so that who sends is measured and not a client's
 * library. Prints "ready", then how many messages each got when asked.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { headLength, request } from './readers/open.ts'
import { frameLength, pingOpcode, pong, upgrade } from './readers/websocket.ts'

const [kind, url = '', countText] = process.argv.slice(2)
const count = Number(countText)
const received = new Array<number>(count).fill(0)
const path = kind === 'socket.io' ? '/socket.io/?EIO=4&transport=websocket' : kind === 'signalbox' ? '/v1/live?feed=events' : '/'
const { hostname, port } = new URL(url)
const where = { host: hostname, port: Number(port), from: '127.0.1.1', query: '', intervalMs: 0 }
/** Bytes of a frame's content that say what it is: Socket.IO's "42". */
const telling = 2
/** Read into by every socket, each taking what it needs before the next is read. */
const buffer = Buffer.allocUnsafe(256 * 1_024)

/** Finds where frames begin, and passes over their content. `opened`: after the upgrade. */
function frames(opened: () => void, begins: (opcode: number, first: string) => void): (chunk: Buffer) => void {
  let held: Buffer | undefined
  let isOpen = false
  let passing = 0
  return (chunk) => {
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk])
    held = undefined
    let at = 0
    while (at < bytes.length) {
      if (passing > 0) {
        const passed = Math.min(passing, bytes.length - at)
        at += passed
        passing -= passed
        continue
      }
      const rest = bytes.subarray(at, at + (isOpen ? 16 : bytes.length))
      const { header, whole } = isOpen ? frameLength(rest) : { header: 0, whole: headLength(rest) }
      if (whole === 0 || rest.length < (isOpen ? Math.min(whole, header + telling) : whole)) {
        held = Buffer.from(bytes.subarray(at))
        return
      }
      if (isOpen) begins((rest[0] ?? 0) & 0xf, rest.toString('latin1', header, Math.min(whole, header + telling)))
      else opened()
      isOpen = true
      passing = whole
    }
  }
}

/** Masked with zeros, which leave it as it is. */
const text = (content: string) => Buffer.concat([Buffer.from([0x81, 0x80 | content.length, 0, 0, 0, 0]), Buffer.from(content)])

await Promise.all(
  Array.from({ length: count }, async (_, i) => {
    let joined = () => {}
    const isJoined = new Promise<void>((resume) => {
      joined = resume
    })
    // A bare relay says nothing before there is something.
    const opened = () => kind === 'ws' && joined()
    const take = frames(opened, (opcode, first) => {
      if (opcode === pingOpcode) return void socket.write(pong)
      if (kind === 'socket.io') {
        if (first[0] === '2') socket.write(text('3'))
        if (first[0] === '0') socket.write(text('40'))
        if (first === '40') joined()
        if (first !== '42') return
      }
      received[i] = (received[i] ?? 0) + 1
      joined()
    })
    const socket = connect({
      host: where.host,
      port: where.port,
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          take(buffer.subarray(0, length))
          return true
        },
      },
    })
    await once(socket, 'connect')
    socket.write(request(where, path, upgrade))
    await isJoined
  }),
)
console.log('ready')
process.stdin.on('data', () => console.log(JSON.stringify({ least: Math.min(...received), all: received.reduce((a, b) => a + b, 0) })))
