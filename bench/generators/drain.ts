/**
 * Many subscribers in a process of their own. They take what comes and look at none of it: a client that reads every frame takes more of the
 * two cores than what is measured. Prints "ready" when all are subscribed; then, asked by a line, how many bytes have come.
 */
import { connect } from 'node:net'
import { request } from './readers/open.ts'
import { pong, upgrade } from './readers/websocket.ts'

interface Kind {
  readonly path: string
  /** What has come when a subscriber is one. */
  readonly joined: string
  /** Text that it sends when something has come. */
  readonly answers?: readonly [come: string, answer: string]
  /** Frame that says it is alive. */
  readonly alive: Buffer
}

const [name = '', url = '', count = '', feed = 'events'] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const aliveMs = 10_000
/** One whole frame of a client, of less than 126 bytes: masked, by zeros. */
const textFrame = (text: string) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)])

const kinds: Readonly<Record<string, Kind>> = {
  signalbox: { path: `/v1/live?feed=${feed}`, joined: '"subscribed"', alive: pong },
  ws: { path: '/', joined: '\r\n\r\n', alive: pong },
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    joined: '40{"sid"',
    answers: ['0{"sid"', '40'],
    alive: textFrame('3'),
  },
}
const kind = kinds[name]
if (kind === undefined) throw new Error(`There is no kind "${name}"; there are ${Object.keys(kinds).join(', ')}.`)
const { path, joined, answers, alive } = kind

/** What all read into, one after the other. */
const buffer = Buffer.alloc(1_048_576)
let bytes = 0

const subscribe = () =>
  new Promise<void>((ready, fail) => {
    let come = ''
    let isJoined = false
    let hasAnswered = answers === undefined
    const callback = (length: number) => {
      bytes += length
      if (isJoined) return true
      come += buffer.toString('latin1', 0, length)
      if (answers !== undefined && !hasAnswered && come.includes(answers[0])) {
        hasAnswered = true
        socket.write(textFrame(answers[1]))
      }
      isJoined = come.includes(joined)
      if (isJoined) ready()
      return true
    }
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback } })
    socket.write(request({ host: hostname, port: Number(port) }, path, { Origin: url, ...upgrade }))
    setInterval(() => socket.write(alive), aliveMs).unref()
    socket.on('close', () => fail(new Error(`A subscriber (${name}) was closed: ${come.slice(0, 500)}`)))
  })

await Promise.all(Array.from({ length: Number(count) }, subscribe))
console.log('ready')
process.stdin.on('data', () => console.log(bytes))
