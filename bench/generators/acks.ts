/**
 * Sends batches at a rate over two WebSockets, whatever is acknowledged by then, and times each until its acknowledgement. Prints "sending",
 * then one line of JSON.
 */
import { once } from 'node:events'
import { createIdSource } from '@signalbox/model/ids.ts'
import { WebSocket } from 'ws'
import { createFleet } from '../fleet.ts'

const [url = '', secondsText, batchText, rateText] = process.argv.slice(2)
const batch = Number(batchText)
const sockets = 2
const everyMs = (1_000 * batch * sockets) / Number(rateText)
const nextId = createIdSource(Date.now)
const delays: number[] = []
let acknowledged = 0

/** Answers what sends. */
async function open(sender: number): Promise<() => Promise<void>> {
  const makeEvents = createFleet(nextId, sender)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, { perMessageDeflate: false })
  await once(socket, 'open')
  /** By number. */
  const sentAt: number[] = []
  let acked = 0
  let wake = () => {}
  socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(String(bytes)) as { kind: string; n: number; accepted: number }
    if (frame.kind === 'welcome') return
    if (frame.kind !== 'ack') throw new Error(`Batches were not stored: ${String(bytes)}`)
    const now = performance.now()
    for (; acked < frame.n; acked += 1) delays.push(now - (sentAt[acked + 1] ?? 0))
    acknowledged += frame.accepted
    wake()
  })
  return async () => {
    // The sockets take turns, as agents do.
    const startedAt = performance.now() + (everyMs * sender) / sockets
    let n = 0
    for (let due = startedAt; due < startedAt + Number(secondsText) * 1_000; due += everyMs) {
      const wait = due - performance.now()
      if (wait > 0) await new Promise((resume) => setTimeout(resume, wait))
      n += 1
      const text = JSON.stringify({ kind: 'batch', n, events: makeEvents(batch) })
      sentAt[n] = performance.now()
      socket.send(text)
    }
    while (acked < n)
      await new Promise<void>((resume) => {
        wake = resume
      })
    socket.close()
  }
}

const sends = await Promise.all(Array.from({ length: sockets }, (_, sender) => open(sender)))
console.log('sending')
await Promise.all(sends.map((send) => send()))
console.log(JSON.stringify({ acknowledged, delays }))
