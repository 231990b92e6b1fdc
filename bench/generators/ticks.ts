/** Events one at a time, evenly, each with the time at which it was sent (`data.at`: hrtime, µs). Prints one line when all are acknowledged. */
import { once } from 'node:events'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'

const padding = 'the agent read a file, changed two lines and ran the tests again before it answered'

const [url, rate, seconds] = process.argv.slice(2)
const count = Number(rate) * Number(seconds)
const nextId = createIdSource(Date.now)
const socket = new WebSocket(`${url?.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
await once(socket, 'open')
let acknowledged = 0
socket.on('message', (bytes: Buffer) => {
  const frame = JSON.parse(String(bytes)) as { kind: string; accepted: number }
  if (frame.kind === 'ack') acknowledged += frame.accepted
})
const startedAt = performance.now()
for (let n = 1; n <= count; n += 1) {
  const wait = startedAt + (n / Number(rate)) * 1_000 - performance.now()
  if (wait > 0) await new Promise((resume) => setTimeout(resume, wait))
  const event = {
    id: nextId(),
    source: 'bench-ticks',
    time: new Date().toISOString(),
    agent: `worker-${n % 50}`,
    run: `run-${n % 10}`,
    type: 'log',
    data: { at: Number(process.hrtime.bigint() / 1_000n), level: 'info', message: padding, step: n },
  }
  socket.send(JSON.stringify({ kind: 'batch', n, events: [event] }))
}
while (acknowledged < count) await once(socket, 'message')
socket.close()
console.log(JSON.stringify({ acknowledged }))
