/** What is said of ten thousand connections to one server, by transport: memory, time to connect, processor time while idle, a broadcast. */
import { count, median, type Section, type Server } from '../harness.ts'
import { openReaders, type Transport } from './readers.ts'

const readers = 10_000
const broadcasts = 5
/** Of polling: ten thousand each second would be all that a server does. */
const intervalMs = 10_000
/** The heartbeat's, so that each reader is thought of once. */
const idleSeconds = 20

const transports = [
  ['websocket', 'WebSocket'],
  ['sse', 'SSE'],
  ['long poll', 'long polling'],
  ['polling', `polling each ${intervalMs / 1_000} s`],
] as const satisfies readonly (readonly [Transport, string])[]

async function publish({ url }: Server): Promise<void> {
  const event = {
    source: 'bench-broadcast',
    time: new Date().toISOString(),
    agent: 'worker-1',
    run: 'run-1',
    type: 'log',
    data: { at: Number(process.hrtime.bigint() / 1_000n), level: 'info', message: 'to all' },
  }
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify([event]) })
  if (!response.ok) throw new Error(`The event was not stored: ${await response.text()}`)
}

export const section: Section = {
  name: 'claims-many',
  long: true,
  async measure(bench) {
    for (const [transport, name] of transports) {
      // One each: what one transport left in memory is not the next one's.
      const server = await bench.serve()
      const warm = await openReaders(server, transport, 100)
      await publish(server)
      await warm.awaitEvents(100)
      await warm.stop()
      const before = await server.usage('collect')
      const open = await openReaders(server, transport, readers, { intervalMs })
      const idle = await server.usage('collect')
      await new Promise((resume) => setTimeout(resume, idleSeconds * 1_000))
      const cores = ((await server.usage()).cpuMs - idle.cpuMs) / (idleSeconds * 1_000)
      const took: number[] = []
      for (let n = 0; n < broadcasts; n += 1) {
        await open.reset()
        await publish(server)
        const { max } = await open.awaitEvents(readers)
        took.push(max)
        bench.sample(`${transport}: ms until the last has a broadcast`, max)
      }
      bench.row({
        what: `${count(readers)} readers by ${name}: until the last has an event`,
        figure: `${count(median(took))} ms`,
        beside: `${transport === 'polling' ? 'come by and by' : `connected in ${(open.connectMs / 1_000).toFixed(1)} s`}; ${((idle.residentBytes - before.residentBytes) / readers / 1_024).toFixed(1)} KiB each; idle ${cores.toFixed(3)} of a core`,
      })
      await open.stop()
      await server.stop()
    }
  },
}
