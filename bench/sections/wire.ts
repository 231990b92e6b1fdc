/** Bytes from an agent to the server, counted at the socket with headers and frames: the client SDK's batches beside JSON, one event a request. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createAgent } from '@signalbox/client/agent.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { demoEvents, type Told } from '../demo-events.ts'
import { count, type Section, wanted } from '../harness.ts'

const eventCount = 5_000
const requestCount = 300
const batches = [500, 5] as const

interface Way {
  readonly url: string
  /** Where it goes from now on. */
  lead(to: string): void
  /** Bytes to the server since this was last asked. */
  sent(): number
  close(): void
}

/** Passes bytes on, and counts those to the server. */
async function counting(): Promise<Way> {
  let target = new URL('http://127.0.0.1')
  let sent = 0
  const proxy = createServer((agent) => {
    const server = connect(Number(target.port), target.hostname)
    agent.on('data', (chunk) => {
      sent += chunk.length
    })
    agent.pipe(server).pipe(agent)
    const ends = [agent, server]
    for (const end of ends)
      end.on('error', () => {
        for (const other of ends) other.destroy()
      })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    lead(to) {
      target = new URL(to)
    },
    sent() {
      const bytes = sent
      sent = 0
      return bytes
    },
    close: () => void proxy.close(),
  }
}

/** Everything an SDK agent sends, its hello and its goodbye too, in batches of at most so many. */
async function bySdk(way: Way, told: readonly Told[], batch: number): Promise<number> {
  const agent = createAgent({
    url: way.url,
    agent: 'bench',
    run: 'wire',
    compress: true,
    heartbeatMs: 0,
    flushMs: 60_000,
    onProblem: ({ message }) => console.error(message),
  })
  for (const [at, { type, data, ...context }] of told.entries()) {
    const { run, task, agent: who } = context
    agent.emit(type, data, { ...(run && { run }), ...(task && { task }), ...(who && { agent: who }) })
    if ((at + 1) % batch === 0) await agent.flush()
  }
  await agent.stop()
  const { sent } = agent.stats()
  if (sent < told.length) throw new Error(`${told.length - sent} events of the benchmark were not stored.`)
  return way.sent() / sent
}

/** As a program without an SDK would: `fetch`, with the headers that it sends. */
async function byRequests(way: Way, told: readonly Told[]): Promise<number> {
  const nextId = createIdSource(Date.now)
  const epoch = Date.now()
  for (const [seq, one] of told.entries()) {
    const event = { id: nextId(), source: 'bench', time: new Date().toISOString(), seq, epoch, ...one }
    const response = await fetch(`${way.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    })
    if (!response.ok) throw new Error(`An event of the benchmark was refused: ${await response.text()}`)
    await response.arrayBuffer()
  }
  return way.sent() / told.length
}

export const section: Section = {
  name: 'wire',
  async measure(bench) {
    const way = await counting()
    const server = await bench.serve({ SIGNALBOX_ALLOWED_HOSTS: new URL(way.url).host })
    way.lead(server.url)
    const told = demoEvents(eventCount)
    const alone = await byRequests(way, told.slice(0, requestCount))
    bench.row({ what: 'bytes an event to the server, JSON, one event a request, with headers', figure: count(alone), beside: '1.00' })
    for (const batch of batches) {
      const bytes = await bySdk(way, told, batch)
      bench.sample(`bytes an event, batches of ${batch}`, bytes)
      bench.row({
        what: `the same by the client SDK, batches of ${batch}`,
        figure: bytes.toFixed(1),
        beside: `1/${(alone / bytes).toFixed(1)} of one event a request`,
        ...(batch === batches[0] ? { wanted: `1/5, then 1/10: ${wanted(alone / bytes, 5, 10).split(': ')[1]}` } : {}),
      })
    }
    way.close()
  },
}
