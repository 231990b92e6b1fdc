/**
 * Readers of a feed in a process of their own, of any transport. Says `{"connectMs":…}` when all are there; then, asked by a line:
 * `reset`, `report`, `await <events>`, which reports when they have come, or `pool <name>`, which reports of all that were pooled under that
 * name and these. Delays are from `data.at` (hrtime, µs) to here.
 */
import type { Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import type { Report } from '../sections/readers.ts'
import type { Open } from './readers/open.ts'
import { longPoll, poll } from './readers/poll.ts'
import { sse } from './readers/sse.ts'
import { stuck, websocket } from './readers/websocket.ts'

const transports: Readonly<Record<string, Open>> = { websocket, sse, 'long poll': longPoll, polling: poll, stuck }
/** Connected to at once. */
const parallel = 200
const readersAnAddress = 5_000

const [transport = '', url = '', countText, query = '', firstAddress, intervalMs] = process.argv.slice(2)
const open = transports[transport]
if (open === undefined) throw new Error(`There is no transport "${transport}"; there are ${Object.keys(transports).join(', ')}.`)
const count = Number(countText)
const { hostname, port } = new URL(url)

const sockets: Socket[] = []
let delays = createHistogram()
const pools = new Map<string, ReturnType<typeof createHistogram>>()
let events = 0
let bytesBefore = 0
let whenThere: { readonly events: number; readonly tell: () => void } | undefined

const stamp = Buffer.from('"at":')
const nowMicros = () => Number(process.hrtime.bigint() / 1_000n)

function take(frames: Buffer) {
  const now = nowMicros()
  for (let at = frames.indexOf(stamp); at >= 0; at = frames.indexOf(stamp, at)) {
    at += stamp.length
    delays.record(Math.max(1, now - Number.parseInt(frames.toString('latin1', at, at + 20), 10)))
    events += 1
  }
  if (whenThere !== undefined && events >= whenThere.events) {
    const { tell } = whenThere
    whenThere = undefined
    tell()
  }
}

const bytes = () => sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0)
const report = (of = delays) => {
  const ms = (share: number) => of.percentile(share) / 1_000
  const said: Report = { events: of.count, p50: ms(50), p99: ms(99), max: of.max / 1_000, bytes: bytes() - bytesBefore }
  console.log(JSON.stringify(said))
}

const startedAt = performance.now()
let begun = 0
async function connectSome() {
  while (begun < count) {
    const address = Number(firstAddress) + Math.floor(begun / readersAnAddress)
    begun += 1
    const where = { host: hostname, port: Number(port), from: `127.0.1.${address}`, query, intervalMs: Number(intervalMs) }
    const socket = await (open as Open)(where, take)
    socket.on('close', () => {
      throw new Error(`A reader (${transport}) was closed.`)
    })
    sockets.push(socket)
  }
}
// Who polls is only there after its first question.
await Promise.all(Array.from({ length: transport === 'polling' ? count : Math.min(parallel, count) }, connectSome))
console.log(JSON.stringify({ connectMs: performance.now() - startedAt }))

createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, said = ''] = line.split(' ')
  if (command === 'reset') {
    delays = createHistogram()
    events = 0
    bytesBefore = bytes()
    console.log('{}')
  } else if (command === 'report') report()
  else if (command === 'pool') {
    const pool = pools.get(said) ?? createHistogram()
    pool.add(delays)
    pools.set(said, pool)
    report(pool)
  } else {
    whenThere = { events: Number(said), tell: report }
    take(Buffer.alloc(0))
  }
})
