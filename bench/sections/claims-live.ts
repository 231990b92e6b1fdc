/** What is said of WebSocket, SSE, long polling and polling, measured on one server: delay and cost of a busy feed to a hundred readers. */
import { child, median, type Section, type Server } from '../harness.ts'
import { openReaders, type Transport } from './readers.ts'

const readers = 100
const eventsPerSecond = 200
/** Code that is not compiled yet is what no figure should hold. */
const warmingSeconds = 2
const transports = ['websocket', 'sse', 'long poll', 'polling'] as const satisfies readonly Transport[]
const namesOf: Readonly<Record<(typeof transports)[number], string>> = {
  websocket: 'WebSocket',
  sse: 'SSE',
  'long poll': 'long polling',
  polling: 'polling each second',
}

interface Round {
  readonly p50: number
  readonly p99: number
  readonly cpuMs: number
  readonly bytes: number
}

/** The server's processor time while that many events come in one by one. */
async function cpuOfTicks(server: Server, seconds: number): Promise<number> {
  const { cpuMs } = await server.usage()
  const ticks = child('generators/ticks.ts', [server.url, String(eventsPerSecond), String(seconds)])
  await ticks.line()
  return (await server.usage()).cpuMs - cpuMs
}

export const section: Section = {
  name: 'claims-live',
  long: true,
  async measure(bench) {
    const server = await bench.serve()
    const alone: number[] = []
    const rounds: Record<string, Round[]> = {}
    const deliveries = eventsPerSecond * bench.seconds * readers
    await cpuOfTicks(server, warmingSeconds)
    for (let round = 0; round < bench.rounds; round += 1) {
      alone.push(await cpuOfTicks(server, bench.seconds))
      for (const transport of transports) {
        const open = await openReaders(server, transport, readers)
        await open.reset()
        const cpuMs = await cpuOfTicks(server, bench.seconds)
        const { p50, p99, bytes } = await open.awaitEvents(deliveries)
        rounds[transport] = [...(rounds[transport] ?? []), { p50, p99, cpuMs, bytes }]
        bench.sample(`${transport}: p50 ms`, p50)
        bench.sample(`${transport}: p99 ms`, p99)
        bench.sample(`${transport}: cpu ms`, cpuMs)
        await open.stop()
      }
    }
    for (const value of alone) bench.sample('without readers: cpu ms', value)
    for (const transport of transports) {
      const of = (value: (round: Round) => number) => median((rounds[transport] ?? []).map(value))
      const cpuMicros = ((of(({ cpuMs }) => cpuMs) - median(alone)) * 1_000) / deliveries
      bench.row({
        what: `${readers} readers of ${eventsPerSecond} events/s by ${namesOf[transport]}: event to reader`,
        figure: `p50 ${of(({ p50 }) => p50).toFixed(1)} ms, p99 ${of(({ p99 }) => p99).toFixed(1)} ms`,
        beside: `${cpuMicros.toFixed(1)} µs of the server's processor and ${Math.round(of(({ bytes }) => bytes) / deliveries)} bytes an event delivered`,
      })
    }
  },
}
