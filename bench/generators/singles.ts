/**
 * Many senders of one event each, the next one when it is acknowledged; a process of its own. Prints one line of JSON.
 *
 * REST goes over plain sockets, one kept open a sender: an HTTP client of Node's would take more of the machine than the server does.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'
import { createFleet } from '../fleet.ts'

const [door, url = '', secondsText, sendersText] = process.argv.slice(2)
const { hostname, port, host } = new URL(url)
const nextId = createIdSource(Date.now)
const warmMs = 1_000
const delays: number[] = []

/** Events of a fleet are made some at a time, so that calls that began also end. */
function createEvents(sender: number): () => unknown {
  const makeEvents = createFleet(nextId, sender)
  let made: unknown[] = []
  return () => {
    if (made.length === 0) made = makeEvents(8)
    return made.shift()
  }
}

/** Sends one body and resolves when it is acknowledged. */
type Send = (event: unknown) => Promise<void>

const endOfHead = Buffer.from('\r\n\r\n')
async function rest(): Promise<Send> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  let done = () => {}
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const end = held.indexOf(endOfHead)
    if (end === -1) return
    const head = held.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    if (held.length < end + 4 + length) return
    const body = held.toString('utf8', end + 4)
    held = Buffer.alloc(0)
    if (!head.startsWith('HTTP/1.1 200') || !body.includes('"accepted":1')) throw new Error(`An event was not stored: ${head} ${body}`)
    done()
  })
  return (event) => {
    const body = JSON.stringify(event)
    socket.write(
      `POST /v1/events HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    return new Promise((resume) => {
      done = resume
    })
  }
}

async function websocket(): Promise<Send> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
  let done = () => {}
  socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(String(bytes)) as { kind: string; accepted: number }
    if (frame.kind === 'welcome') return
    if (frame.kind !== 'ack' || frame.accepted !== 1) throw new Error(`An event was not stored: ${String(bytes)}`)
    done()
  })
  await once(socket, 'open')
  let n = 0
  return (event) => {
    n += 1
    socket.send(JSON.stringify({ kind: 'batch', n, events: [event] }))
    return new Promise((resume) => {
      done = resume
    })
  }
}

const sends = await Promise.all(Array.from({ length: Number(sendersText) }, door === 'rest' ? rest : websocket))
const countFrom = performance.now() + warmMs
const until = countFrom + Number(secondsText) * 1_000
await Promise.all(
  sends.map(async (send, sender) => {
    const nextEvent = createEvents(sender)
    for (;;) {
      const startedAt = performance.now()
      if (startedAt >= until) return
      await send(nextEvent())
      if (startedAt >= countFrom) delays.push(performance.now() - startedAt)
    }
  }),
)
delays.sort((a, b) => a - b)
const at = (share: number) => delays[Math.floor(delays.length * share)]
console.log(JSON.stringify({ perSecond: delays.length / ((performance.now() - countFrom) / 1_000), p50: at(0.5), p99: at(0.99) }))
process.exit()
