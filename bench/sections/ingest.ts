/** Durable events a second over the native doors, beside a bare COPY; and from agent to subscriber at half of that. */
import { once } from 'node:events'
import { openFeed } from '@signalbox/client/feed.ts'
import { WebSocket } from 'ws'
import type { FleetSize } from '../fleet.ts'
import { type Bench, child, count, median, quantile, type Section, wanted } from '../harness.ts'
import { bareCopy } from './bare-copy.ts'
import { generate } from './generate.ts'

const batch = 500
/** Of senders whose events are told of at once. */
const smallBatch = 50
/** Events/s of a large fleet that is far from what the machine can do. */
const ordinaryRate = 10_000
/** Of each of two senders. */
const wide: FleetSize = { runs: 500, agents: 10_000 }

/** From the time in an event to its being read, ms. `subscribe`: resolves once frames come, with what ends it. */
async function delays(
  bench: Bench,
  url: string,
  rate: number,
  subscribe: (onItems: (items: readonly { readonly time: string }[]) => void) => Promise<() => void>,
): Promise<number[]> {
  const found: number[] = []
  const close = await subscribe((items) => {
    const now = Date.now()
    for (const { time } of items) found.push(now - Date.parse(time))
  })
  const { acknowledged } = await generate(bench, 'websocket', url, { rate, batch: smallBatch })
  while (found.length < acknowledged) await new Promise((resume) => setImmediate(resume))
  close()
  return found
}

const subscribed = (bench: Bench, url: string, rate: number) =>
  delays(bench, url, rate, async (onItems) => {
    const feed = openFeed({ url, onFrame: (frame) => frame.kind === 'events' && onItems(frame.items) })
    while (feed.status().state !== 'open') await new Promise((resume) => setImmediate(resume))
    return () => feed.close()
  })

/** The same generator and load, with nothing in between but a relay. */
async function passed(bench: Bench, rate: number): Promise<number[]> {
  const relay = child('generators/pass.ts')
  const url = await relay.line()
  const found = await delays(bench, url, rate, async (onItems) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false })
    socket.on('message', (bytes: Buffer) => {
      const frame = JSON.parse(String(bytes)) as { kind: string; items: { time: string }[] }
      if (frame.kind === 'events') onItems(frame.items)
    })
    await once(socket, 'open')
    return () => socket.close()
  })
  await relay.stop()
  return found
}

async function besideRelay(bench: Bench, url: string, rate: number) {
  const ours: number[][] = []
  const bare: number[][] = []
  for (let round = 0; round < bench.rounds; round += 1) {
    ours.push(await subscribed(bench, url, rate))
    bare.push(await passed(bench, rate))
  }
  const of = (rounds: readonly number[][], share: number) => median(rounds.map((round) => quantile(round, share)))
  const p50And99 = (rounds: readonly number[][]) => `p50 ${of(rounds, 0.5)} ms, p99 ${of(rounds, 0.99)} ms`
  return {
    p50: of(ours, 0.5),
    p99: of(ours, 0.99),
    p99s: ours.map((round) => quantile(round, 0.99)),
    figure: p50And99(ours),
    beside: `bare ws relay, storing nothing: ${p50And99(bare)}`,
  }
}

export const section: Section = {
  name: 'ingest',
  async measure(bench) {
    const server = await bench.serve()
    const rates = { copy: [] as number[], rest: [] as number[], socket: [] as number[] }
    for (let round = 0; round < bench.rounds; round += 1) {
      rates.copy.push(await bareCopy(await server.database(), batch, bench.seconds))
      rates.rest.push((await generate(bench, 'rest', server.url)).perSecond)
      rates.socket.push((await generate(bench, 'websocket', server.url)).perSecond)
    }
    for (const [name, values] of Object.entries(rates)) for (const value of values) bench.sample(`${name} per second`, value)
    const copy = median(rates.copy)
    const rest = median(rates.rest)
    const socket = median(rates.socket)
    bench.row({ what: `bare COPY, batches of ${batch}, same table, one connection`, figure: `${count(copy)} rows/s`, beside: '1.00' })
    const beside = (rate: number) => `${(rate / copy).toFixed(2)} of COPY`
    bench.row({
      what: 'durable events/s over WebSocket',
      figure: count(socket),
      beside: beside(socket),
      wanted: wanted(socket / copy, 0.6, 0.8),
    })
    bench.row({ what: 'durable events/s over REST', figure: count(rest), beside: beside(rest), wanted: wanted(rest / copy, 0.5, 0.7) })
    bench.row({
      what: 'resident memory of the server after that load',
      figure: `${count(await server.memory())} MiB`,
      wanted: wanted(await server.memory(), 600, 400, ' MiB'),
    })
    const ofSmall: number[] = []
    for (let round = 0; round < bench.rounds; round += 1)
      ofSmall.push((await generate(bench, 'websocket', server.url, { batch: smallBatch })).perSecond)
    for (const value of ofSmall) bench.sample(`socket per second, batches of ${smallBatch}`, value)
    const small = median(ofSmall)
    bench.row({
      what: `durable events/s over WebSocket, batches of ${smallBatch}`,
      figure: count(small),
      beside: `${(small / socket).toFixed(2)} of batches of ${batch}`,
    })
    const rowAt = async (what: string, rate: number, isWanted = false) => {
      const found = await besideRelay(bench, server.url, rate)
      for (const value of found.p99s) bench.sample(`${what} p99 ms`, value)
      const wanted = `p50 5 ms, p99 25 ms: ${found.p50 <= 5 && found.p99 <= 25 ? 'reached' : '**not reached**'}`
      bench.row({ what, figure: found.figure, beside: found.beside, ...(isWanted ? { wanted } : {}) })
    }
    await rowAt(`agent to subscriber, batches of ${smallBatch} at half of their load (${count(small / 2)} events/s)`, small / 2, true)
    await rowAt(
      `agent to subscriber, batches of ${smallBatch} at half of what batches of ${batch} come to (${count(socket / 2)})`,
      socket / 2,
    )
    await rowAt(`agent to subscriber at ${count(ordinaryRate)} events/s`, ordinaryRate)
    const ofWide: number[] = []
    for (let round = 0; round < bench.rounds; round += 1)
      ofWide.push((await generate(bench, 'websocket', server.url, { fleet: wide })).perSecond)
    for (const value of ofWide) bench.sample('socket per second, wide fleet', value)
    bench.row({
      what: `durable events/s over WebSocket by ${count(wide.agents)} agents in ${count(2 * wide.runs)} runs`,
      figure: count(median(ofWide)),
      beside: `${beside(median(ofWide))}; ${(median(ofWide) / socket).toFixed(2)} of 50 agents in 20 runs`,
    })
  },
}
