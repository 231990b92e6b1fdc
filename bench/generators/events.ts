/** The generator, a process of its own: sends durable events over one door as fast as they are acknowledged, or at a given rate. Prints one line of JSON. */
import { once } from 'node:events'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'
import { createFleet } from '../fleet.ts'
import { batchSpans, createExports } from '../otlp.ts'

const [door, url, seconds, batchText, rateText] = process.argv.slice(2)
const durationMs = Number(seconds) * 1_000
const batch = Number(batchText)
/** Events a second; 0: as fast as acknowledged. */
const rate = Number(rateText ?? 0)
const nextId = createIdSource(Date.now)
const senders = door === 'websocket' ? 2 : 16
/** Batches of one socket that may be unacknowledged. */
const window = 8
let acknowledged = 0
let refused = 0

/** When the n-th batch is due; the generator never sends before. */
async function due(startedAt: number, sent: number) {
  if (rate === 0) return
  const wait = startedAt + (sent / rate) * 1_000 - performance.now()
  if (wait > 0) await new Promise((resume) => setTimeout(resume, wait))
}

async function rest(sender: number, startedAt: number) {
  const makeEvents = createFleet(nextId, sender)
  for (let sent = 0; performance.now() - startedAt < durationMs; sent += batch * senders) {
    await due(startedAt, sent)
    const body = JSON.stringify(makeEvents(batch))
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const answer = (await response.json()) as { accepted?: number; refused?: unknown[] }
    acknowledged += answer.accepted ?? 0
    refused += answer.refused?.length ?? 0
  }
}

async function websocket(sender: number, startedAt: number) {
  const makeEvents = createFleet(nextId, sender)
  const socket = new WebSocket(`${url?.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
  await once(socket, 'open')
  let n = 0
  let acked = 0
  let wake = () => {}
  socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(String(bytes)) as { kind: string; n: number; accepted: number; refused: unknown[] }
    if (frame.kind !== 'ack') return
    acked = frame.n
    acknowledged += frame.accepted
    refused += frame.refused.length
    wake()
  })
  for (let sent = 0; performance.now() - startedAt < durationMs; sent += batch * senders) {
    await due(startedAt, sent)
    n += 1
    socket.send(JSON.stringify({ kind: 'batch', n, events: makeEvents(batch) }))
    while (n - acked >= window) {
      await new Promise<void>((resume) => {
        wake = resume
      })
    }
  }
  while (acked < n) {
    await new Promise<void>((resume) => {
      wake = resume
    })
  }
  socket.close()
}

const startedAt = performance.now()
/** Spans; each is some events. */
async function otlp(sender: number, startedAt: number) {
  const makeExport = createExports(sender)
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }
  while (performance.now() - startedAt < durationMs) {
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(makeExport()) })
    const answer = await response.arrayBuffer()
    // What was refused is told in the body; full success has none.
    if (response.status === 200 && answer.byteLength === 0) acknowledged += batchSpans
    else refused += batchSpans
  }
}

const run = { rest, websocket, otlp }[door ?? ''] ?? rest
await Promise.all(Array.from({ length: senders }, (_, sender) => run(sender, startedAt)))
console.log(JSON.stringify({ acknowledged, refused, perSecond: Math.round(acknowledged / ((performance.now() - startedAt) / 1_000)) }))
