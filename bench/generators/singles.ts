/** Many senders of one event each, the next one when it is acknowledged; a process of its own. Prints one line of JSON. */
import { once } from 'node:events'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'
import { createFleet } from '../fleet.ts'
import { openPost } from './post.ts'

const [door, url = '', secondsText, sendersText] = process.argv.slice(2)
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

async function rest(): Promise<Send> {
  const post = await openPost(url)
  return async (event) => {
    const { status, body } = await post('/v1/events', { 'content-type': 'application/json' }, JSON.stringify(event))
    if (status !== 200 || !body.includes('"accepted":1')) throw new Error(`An event was not stored: ${status} ${body}`)
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
