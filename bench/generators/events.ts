/**
 * The generator, a process of its own: sends durable events over one door as fast as they are acknowledged, or at a given rate. Prints
 * one line of JSON. At a rate an event is made when it is sent, since its time is what delays are told from; and where `onTheWay` is said:
 * the events of minutes do not fit into memory.
 */
import { once } from 'node:events'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'
import { createFleet } from '../fleet.ts'
import { batchSpans, createExports } from '../otlp.ts'
import { openPost } from './post.ts'
import { prepared } from './prepared.ts'
import { type Sender, sendAll } from './senders.ts'

const [door, url = '', seconds, batchText, rateText, making, runsText, agentsText] = process.argv.slice(2)
const durationMs = Number(seconds) * 1_000
const batch = Number(batchText)
/** Events a second; 0: as fast as acknowledged. */
const rate = Number(rateText ?? 0)
/** 10 and 50 unless said. */
const fleet = runsText === undefined ? undefined : { runs: Number(runsText), agents: Number(agentsText) }
const nextId = createIdSource(Date.now)
const senders = door === 'websocket' ? 2 : 16
/** Events and spans a second that no server here takes. */
const mostPerSecond = 100_000
const mostSpansPerSecond = 40_000
/** Batches that one sender may come to send; none where each is made when it is due. */
const mostBatches = rate > 0 || making === 'onTheWay' ? 0 : (mostPerSecond * durationMs) / 1_000 / batch / senders
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

const rest: Sender = async (sender) => {
  const post = await openPost(url)
  const makeEvents = createFleet(nextId, sender, fleet)
  const nextBody = prepared(() => Buffer.from(JSON.stringify(makeEvents(batch))), mostBatches)
  return async (startedAt) => {
    for (let sent = 0; performance.now() - startedAt < durationMs; sent += batch * senders) {
      await due(startedAt, sent)
      const { body } = await post('/v1/events', { 'content-type': 'application/json' }, nextBody())
      const answer = JSON.parse(body) as { accepted?: number; refused?: unknown[] }
      acknowledged += answer.accepted ?? 0
      refused += answer.refused?.length ?? 0
    }
  }
}

const websocket: Sender = async (sender) => {
  const makeEvents = createFleet(nextId, sender, fleet)
  let made = 0
  const nextFrame = prepared(() => {
    made += 1
    return Buffer.from(JSON.stringify({ kind: 'batch', n: made, events: makeEvents(batch) }))
  }, mostBatches)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
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
  const acknowledgement = () =>
    new Promise<void>((resume) => {
      wake = resume
    })
  return async (startedAt) => {
    for (let sent = 0; performance.now() - startedAt < durationMs; sent += batch * senders) {
      await due(startedAt, sent)
      n += 1
      socket.send(nextFrame(), { binary: false })
      while (n - acked >= window) await acknowledgement()
    }
    while (acked < n) await acknowledgement()
    socket.close()
  }
}

/** Spans; each is some events. */
const otlp: Sender = async (sender) => {
  const post = await openPost(url)
  const nextExport = prepared(createExports(sender), (mostSpansPerSecond * durationMs) / 1_000 / batchSpans / senders)
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }
  return async (startedAt) => {
    while (performance.now() - startedAt < durationMs) {
      const { status, body } = await post('/v1/traces', headers, nextExport())
      // What was refused is told in the body; full success has none.
      if (status === 200 && body === '') acknowledged += batchSpans
      else refused += batchSpans
    }
  }
}

await sendAll(senders, { rest, websocket, otlp }[door ?? ''] ?? rest, () => ({ acknowledged, refused }))
