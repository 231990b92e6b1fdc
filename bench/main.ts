/** `npm run bench`: everything beside its reference, in one run on one machine. Writes bench/RESULTS.md with `--write`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { openFeed } from '@signalbox/client/feed.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { copyIntoLog, copyLine } from '@signalbox/server/store/log-write.ts'
import pg from 'pg'
import { WebSocket } from 'ws'
import { createFleet } from './events.ts'
import { batchSpans, decodeRates } from './otlp.ts'

const seconds = Number(process.argv.find((arg) => arg.startsWith('--seconds='))?.slice(10) ?? 8)
const subscribers = 500
const batch = 500
const here = import.meta.dirname
const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const lines: string[] = []
const say = (line: string) => {
  console.log(line)
  lines.push(line)
}
const k = (value: number) => Math.round(value).toLocaleString('en')

/** A child whose lines are read one at a time. */
function child(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const process_: ChildProcess = spawn(process.execPath, [file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const waiting: string[] = []
  let wake = () => {}
  let text = ''
  process_.stdout?.on('data', (chunk: Buffer) => {
    text += chunk
    const parts = text.split('\n')
    text = parts.pop() ?? ''
    waiting.push(...parts)
    wake()
  })
  return {
    process: process_,
    async line(): Promise<string> {
      while (waiting.length === 0) {
        await new Promise<void>((resume) => {
          wake = resume
        })
      }
      return waiting.shift() ?? ''
    },
    tell: () => process_.stdin?.write('\n'),
    async stop() {
      const ended = once(process_, 'exit')
      process_.kill()
      await ended
    },
  }
}

async function serve(data: string) {
  const server = child(join(here, '../packages/cli/src/main.ts'), ['up'], {
    SIGNALBOX_DATA: data,
    SIGNALBOX_PORT: '0',
    SIGNALBOX_LOG_LEVEL: 'error',
    SIGNALBOX_WEBHOOKS: join(here, 'doors/webhooks.json'),
  })
  for (;;) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await server.line())?.[0]
    if (url !== undefined) return { ...server, url }
  }
}

async function bareCopy(data: string): Promise<number> {
  const { url } = JSON.parse(await readFile(join(data, 'connection.json'), 'utf8')) as { url: string }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const nextId = createIdSource(Date.now)
  const makeEvents = createFleet(nextId, 0)
  // Rows are made before the clock starts: the reference is PostgreSQL alone.
  const batches = Array.from({ length: 120 }, (_, b) =>
    makeEvents(batch)
      .map((input, i) => {
        const parsed = parseEvent(input, 'bench', limits, nextId)
        if (!parsed.ok) throw new Error(parsed.message)
        return copyLine({ ...parsed.event, partition: 99, position: b * batch + i + 1, receivedAt: Date.now() })
      })
      .join(''),
  )
  const startedAt = performance.now()
  for (const text of batches) await copyIntoLog(client, Buffer.from(text))
  const rate = (batches.length * batch) / ((performance.now() - startedAt) / 1_000)
  await client.query("delete from log where tenant = 'bench'")
  await client.end()
  return rate
}

async function generate(door: string, url: string, rate = 0, generator = 'generate.ts') {
  const run = child(join(here, generator), [door, url, String(seconds), String(rate > 0 ? 50 : batch), String(rate)])
  const result = JSON.parse(await run.line()) as { acknowledged: number; refused: number; perSecond: number }
  if (result.refused > 0) throw new Error(`${result.refused} events of the benchmark were refused.`)
  return result
}

/** Spans of OTLP a second, and the events that were made of them. */
async function exported(url: string): Promise<{ otlp: number; otlpEvents: number }> {
  const stored = async () =>
    Number(/signalbox_events_total\{door="otlp-traces",fate="stored"\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0)
  const before = await stored()
  const { acknowledged, perSecond } = await generate('otlp', url)
  return { otlp: perSecond, otlpEvents: (((await stored()) - before) * perSecond) / acknowledged }
}

interface Latency {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/** From the time in an event to its being read, ms. `subscribe`: resolves once frames come, with what ends it. */
async function latency(
  url: string,
  rate: number,
  subscribe: (onItems: (items: readonly { readonly time: string }[]) => void) => Promise<() => void>,
): Promise<Latency> {
  const delays: number[] = []
  const close = await subscribe((items) => {
    const now = Date.now()
    for (const { time } of items) delays.push(now - Date.parse(time))
  })
  const { acknowledged } = await generate('websocket', url, rate)
  while (delays.length < acknowledged) await new Promise((resume) => setImmediate(resume))
  close()
  delays.sort((a, b) => a - b)
  const at = (share: number) => delays[Math.floor(delays.length * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), count: delays.length }
}

const subscribed = (url: string, rate: number) =>
  latency(url, rate, async (onItems) => {
    const feed = openFeed({ url, onFrame: (frame) => frame.kind === 'events' && onItems(frame.items) })
    while (feed.status().state !== 'open') await new Promise((resume) => setImmediate(resume))
    return () => feed.close()
  })

/** The same generator and load, with nothing in between but a relay. */
async function passed(rate: number): Promise<Latency> {
  const relay = child(join(here, 'pass.ts'), [])
  const url = await relay.line()
  const found = await latency(url, rate, async (onItems) => {
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

async function relayed(kind: 'socket.io' | 'ws'): Promise<number> {
  const relay = child(join(here, 'relay.ts'), [kind, String(seconds)])
  const clients = child(join(here, 'drain.ts'), [kind, await relay.line(), String(subscribers)])
  await clients.line()
  relay.tell()
  const { sent, seconds: took } = JSON.parse(await relay.line()) as { sent: number; seconds: number }
  await clients.stop()
  await relay.stop()
  return (sent * subscribers) / took
}

async function delivered(url: string): Promise<number> {
  const deliveries = async () =>
    Number(/signalbox_live_deliveries_total (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0)
  const clients = child(join(here, 'drain.ts'), ['signalbox', url, String(subscribers)])
  await clients.line()
  const before = await deliveries()
  const startedAt = performance.now()
  await generate('websocket', url)
  const count = (await deliveries()) - before
  const took = (performance.now() - startedAt) / 1_000
  await clients.stop()
  return count / took
}

/** Of the generators in `doors.ts`, and what they measure. */
const doors = [
  ['cloudevents', 'durable events/s as CloudEvents, batched'],
  ['a2a', 'durable events/s as A2A status updates'],
  ['webhook', 'durable events/s by a webhook (Alertmanager)'],
  ['openai-agents', "durable events/s from spans of OpenAI's Agents SDK"],
  ['claude-code', 'hooks/s of Claude Code, one a request, answered before they are stored'],
] as const

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const memory = async (pid: number | undefined) =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0) / 1_024

const data = await mkdtemp(join(tmpdir(), 'signalbox-bench-'))
try {
  const server = await serve(data)
  say(
    `Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}.`,
  )
  say(
    `Each rate and latency: median of three rounds of ${seconds} s in one run; generator and subscribers in other processes on the same cores.`,
  )
  say('')
  const rounds: { copy: number; rest: number; socket: number }[] = []
  for (let round = 0; round < 3; round += 1) {
    rounds.push({
      copy: await bareCopy(data),
      rest: (await generate('rest', server.url)).perSecond,
      socket: (await generate('websocket', server.url)).perSecond,
    })
  }
  const copy = median(rounds.map((round) => round.copy))
  const rest = median(rounds.map((round) => round.rest))
  const socket = median(rounds.map((round) => round.socket))
  say('| what | figure | beside its reference |')
  say('| --- | --- | --- |')
  say(`| bare COPY, batches of ${batch}, same table, one connection | ${k(copy)} rows/s | 1.00 |`)
  say(`| durable events/s over REST | ${k(rest)} | ${(rest / copy).toFixed(2)} of COPY |`)
  say(`| durable events/s over WebSocket | ${k(socket)} | ${(socket / copy).toFixed(2)} of COPY |`)
  const ourDelays: Latency[] = []
  const bareDelays: Latency[] = []
  for (let round = 0; round < 3; round += 1) {
    ourDelays.push(await subscribed(server.url, socket / 2))
    bareDelays.push(await passed(socket / 2))
  }
  const delayed = (rounds: readonly Latency[]) =>
    `p50 ${median(rounds.map(({ p50 }) => p50))} ms, p99 ${median(rounds.map(({ p99 }) => p99))} ms`
  const counted = ourDelays.reduce((sum, { count }) => sum + count, 0)
  say(`| agent to subscriber at half load (${k(socket / 2)} events/s) | ${delayed(ourDelays)} | ${k(counted)} events |`)
  say(`| the same passed on by bare ws, storing nothing | ${delayed(bareDelays)} | |`)
  const ours = await delivered(server.url)
  const resident = await memory(server.process.pid)
  const socketIo = await relayed('socket.io')
  const bareWs = await relayed('ws')
  say(
    `| deliveries/s to ${subscribers} subscribers, storing everything | ${k(ours)} | ${(ours / socketIo).toFixed(1)} × Socket.IO, ${(ours / bareWs).toFixed(1)} × bare ws |`,
  )
  say(`| the same by Socket.IO, storing nothing | ${k(socketIo)} | 1.0 |`)
  say(`| the same by bare ws, one send each, storing nothing | ${k(bareWs)} | |`)
  say(`| resident memory of the server after all this | ${k(resident)} MiB | |`)
  // With REST beside them in each round: minutes later the machine may be another.
  const beside: Record<string, number[]> = {}
  const note = (door: string, perSecond: number) => {
    beside[door] = [...(beside[door] ?? []), perSecond]
  }
  for (let round = 0; round < 3; round += 1) {
    note('rest', (await generate('rest', server.url)).perSecond)
    const { otlp, otlpEvents } = await exported(server.url)
    note('otlp', otlp)
    note('otlp events', otlpEvents)
    for (const [door] of doors) note(door, (await generate(door, server.url, 0, 'doors.ts')).perSecond)
  }
  const rateOf = (door: string) => median(beside[door] ?? [])
  const row = (what: string, door: string) =>
    say(`| ${what} | ${k(rateOf(door))} | ${(rateOf(door) / rateOf('rest')).toFixed(2)}${door === 'rest' ? '' : ' of REST'} |`)
  row('durable events/s over REST once more, beside these doors', 'rest')
  row(`spans/s over OTLP (HTTP, Protobuf, gzip, batches of ${batchSpans})`, 'otlp')
  row('the events/s that they become', 'otlp events')
  for (const [door, what] of doors) row(what, door)
  const decoding = decodeRates()
  say(
    `| spans/s of processor time decoded from OTLP's Protobuf, in the shape that is mapped | ${k(decoding.ours)} | ${(decoding.ours / decoding.others).toFixed(2)} of @opentelemetry/otlp-transformer 0.214.0, which makes messages |`,
  )
  say(`| resident memory of the server after the doors | ${k(await memory(server.process.pid))} MiB | |`)
  await server.stop()
} finally {
  await rm(data, { recursive: true, force: true })
}
if (process.argv.includes('--write')) {
  const file = join(here, 'RESULTS.md')
  // What people wrote below the figures stays.
  const notes = (await readFile(file, 'utf8').catch(() => '')).split('\n## Notes\n')[1] ?? '\n'
  await writeFile(file, `# Results\n\nWritten by \`npm run bench -- --write\`.\n\n${lines.join('\n')}\n\n## Notes\n${notes}`)
}
