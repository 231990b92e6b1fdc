/** A process of its own that sends at a rate until it is ended: `sender.ts <url> <events a second> <what, as works.ts has it>`. A line of JSON each second: what was acknowledged so far. */
import { WebSocket } from 'ws'
import { workNamed } from './works.ts'

const [url = '', rateText = '', ...what] = process.argv.slice(2)
const rate = Number(rateText)
const work = workNamed(what)
/** A batch so often: agents do not send all at one moment. */
const everyMs = 20
/** Batches that may be unacknowledged; with more the server is behind, and what is due is sent later. */
const window = 50

let socket: WebSocket | undefined
let n = 0
let acknowledgedBatch = 0
let acknowledged = 0

/** Begins anew, also after the server said that it has too much to do: what it did not acknowledge is not sent again, only counted. */
function connect() {
  const made = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
  const again = (afterMs: number) => {
    if (socket !== made) return
    socket = undefined
    made.terminate()
    setTimeout(connect, afterMs)
  }
  made.on('error', () => again(500))
  made.on('close', () => again(500))
  made.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(String(bytes)) as { kind: string; n: number; accepted: number; refused?: unknown[]; retryAfterMs?: number }
    if (frame.kind === 'ack') {
      if ((frame.refused?.length ?? 0) > 0) throw new Error(`The server refused ${JSON.stringify(frame.refused).slice(0, 300)}`)
      acknowledgedBatch = frame.n
      acknowledged += frame.accepted
    } else if (frame.kind !== 'welcome') again(frame.retryAfterMs ?? 500)
  })
  socket = made
  n = 0
  acknowledgedBatch = 0
}
connect()

let sent = 0
let startedAt = performance.now()
setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate) - sent
  if (socket?.readyState !== WebSocket.OPEN || n - acknowledgedBatch >= window) {
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
