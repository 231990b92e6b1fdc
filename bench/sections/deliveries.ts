/** Deliveries a second to many subscribers of one feed, beside relays that store nothing: what has come to them when the last event is stored. */
import { setTimeout } from 'node:timers/promises'
import { type Bench, type Child, child, count, median, type Section, wanted } from '../harness.ts'
import { generate } from './generate.ts'

const subscribers = 500
const quietMs = 50

async function bytesOf(clients: Child): Promise<number> {
  clients.tell()
  return Number(await clients.line())
}

/** Bytes that have come to them when nothing more does. */
async function bytesOnceQuiet(clients: Child): Promise<number> {
  let bytes = await bytesOf(clients)
  for (let before = -1; bytes > before; bytes = await bytesOf(clients)) {
    before = bytes
    await setTimeout(quietMs)
  }
  return bytes
}

async function relayed(bench: Bench, kind: 'socket.io' | 'ws'): Promise<number> {
  const relay = child('generators/relay.ts', [kind, String(bench.seconds)])
  const clients = child('generators/drain.ts', [kind, await relay.line(), String(subscribers)])
  await clients.line()
  relay.tell()
  const { sent, seconds: took } = JSON.parse(await relay.line()) as { sent: number; seconds: number }
  await clients.stop()
  await relay.stop()
  return (sent * subscribers) / took
}

export const section: Section = {
  name: 'deliveries',
  async measure(bench) {
    const server = await bench.serve()
    const stored: number[] = []
    const delivered = async () => {
      const clients = child('generators/drain.ts', ['signalbox', server.url, String(subscribers)])
      await clients.line()
      const before = await server.metric('signalbox_live_deliveries_total')
      const { seconds, perSecond } = await generate(bench, 'websocket', server.url)
      stored.push(perSecond)
      // What waits in sockets, and is caught up with once nothing is stored any more, is not counted.
      const shareInTime = (await bytesOf(clients)) / (await bytesOnceQuiet(clients))
      const deliveries = (await server.metric('signalbox_live_deliveries_total')) - before
      await clients.stop()
      return (deliveries * shareInTime) / seconds
    }
    const rates = { ours: [] as number[], socketIo: [] as number[], bare: [] as number[] }
    for (let round = 0; round < bench.rounds; round += 1) {
      rates.ours.push(await delivered())
      rates.socketIo.push(await relayed(bench, 'socket.io'))
      rates.bare.push(await relayed(bench, 'ws'))
    }
    for (const [name, values] of Object.entries(rates)) for (const value of values) bench.sample(`deliveries per second, ${name}`, value)
    const ours = median(rates.ours)
    const socketIo = median(rates.socketIo)
    const bare = median(rates.bare)
    bench.row({
      what: `deliveries/s to ${subscribers} subscribers, while ${count(median(stored))} events/s are stored; what no socket has room for is a gap, told`,
      figure: count(ours),
      beside: `${(ours / socketIo).toFixed(1)} × Socket.IO (${count(socketIo)}), storing nothing`,
      wanted: wanted(ours / socketIo, 10, 20, ' ×'),
    })
    bench.row({
      what: 'the same beside bare ws, one send each',
      figure: count(ours),
      beside: `${(ours / bare).toFixed(1)} × bare ws (${count(bare)}), storing nothing`,
      wanted: wanted(ours / bare, 8, 15, ' ×'),
    })
  },
}
