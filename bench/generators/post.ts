/** POST requests over one plain socket that is kept open, one at a time: an HTTP client of Node's would take more of the machine than the server does. */
import { once } from 'node:events'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}
export type Post = (path: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array) => Promise<Answer>

const endOfHead = Buffer.from('\r\n\r\n')

export async function openPost(url: string): Promise<Post> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  let settle: { readonly answer: (answer: Answer) => void; readonly fail: (reason: Error) => void } | undefined
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const end = held.indexOf(endOfHead)
    if (end === -1) return
    const head = held.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    if (Number.isNaN(length)) return settle?.fail(new Error(`An answer has no length: ${head}`))
    if (held.length < end + 4 + length) return
    const body = held.toString('utf8', end + 4)
    held = Buffer.alloc(0)
    settle?.answer({ status: Number(head.slice(9, 12)), body })
  })
  socket.on('close', () => settle?.fail(new Error('The server closed the connection.')))
  return (path, headers, body) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.cork()
    socket.write(`POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`)
    socket.write(body)
    socket.uncork()
    return new Promise((answer, fail) => {
      settle = { answer, fail }
    })
  }
}
