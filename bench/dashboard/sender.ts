/** A process of its own that sends at a rate until it is ended: `sender.ts <url> <runs> <events a second>`. A line of JSON each second: what was acknowledged so far. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { createWork } from './fleet.ts'

const [url = '', runs = '', rateText = ''] = process.argv.slice(2)
const rate = Number(rateText)
const work = createWork(Number(runs))
/** A batch so often: agents do not send all at one moment. */
const everyMs = 20
/** Batches that may be unacknowledged; with more the server is behind, and what is due is sent later. */
const window = 50

const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
await once(socket, 'open')
let n = 0
let acknowledgedBatch = 0
let acknowledged = 0
socket.on('message', (bytes: Buffer) => {
  const frame = JSON.parse(String(bytes)) as { kind: string; n: number; accepted: number; refused?: unknown[] }
  if (frame.kind !== 'ack') return
  if ((frame.refused?.length ?? 0) > 0) throw new Error(`The server refused ${JSON.stringify(frame.refused).slice(0, 300)}`)
  acknowledgedBatch = frame.n
  acknowledged += frame.accepted
})

let sent = 0
let startedAt = performance.now()
setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate) - sent
  if (n - acknowledgedBatch >= window) {
    // What could not be sent is not owed.
    startedAt = performance.now() - (sent / rate) * 1_000
    return
  }
  if (due <= 0) return
  n += 1
  sent += due
  socket.send(JSON.stringify({ kind: 'batch', n, events: Array.from({ length: due }, work) }))
}, everyMs)
setInterval(() => console.log(JSON.stringify({ acknowledged, sent })), 1_000)
