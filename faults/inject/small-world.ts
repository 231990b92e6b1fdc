/**
 * The least world that a fault can strike: one server, a few senders that never give up, and what was acknowledged.
 * For trying single faults, and for power cuts one after the other; scenarios with observers and a history are in `../world`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createIdSource } from '@signalbox/model/ids.ts'
import pg from 'pg'
import type { FaultProxy, Random, ServerProcess, World } from '../world/world.ts'
import { pause } from './processes.ts'

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')
const senders = 4
const batchEvents = 20
const senderPauseMs = 20
const postTimeoutMs = 15_000

export interface SmallWorld extends World {
  /** Ids of events that were acknowledged. */
  readonly acks: ReadonlySet<string>
  /** Answers other than 200, by status. */
  readonly refusals: ReadonlyMap<number, number>
  /** Ids that were acknowledged and are not in the log. */
  lost(): Promise<readonly string[]>
  /** Senders settle, and what `signalbox doctor` finds bad is answered: a broken chain, rows that are not what the log folds to. */
  settle(): Promise<readonly string[]>
  /** The server ends. */
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}

/** xorshift32: the same numbers for the same seed. */
export function randomOf(seed: number): Random {
  // Spread over all bits: small seeds would begin with small numbers.
  let state = Math.imul(seed, 0x9e3779b1) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick(from) {
      const one = from[between(0, from.length - 1)]
      if (one === undefined) throw new Error('Nothing to pick from.')
      return one
    },
  }
}

function serverProcess(dataFolder: string, port: number, env: Readonly<Record<string, string>>): ServerProcess {
  let child: ChildProcess | undefined
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const pid = () => {
    if (child?.pid === undefined) throw new Error('The server was never started.')
    return child.pid
  }
  async function end(name: NodeJS.Signals): Promise<number | null> {
    if (child === undefined || !isRunning()) return child?.exitCode ?? null
    const exit = once(child, 'exit')
    child.kill(name)
    const [code] = await exit
    return code as number | null
  }
  return {
    url: `http://127.0.0.1:${port}`,
    dataFolder,
    pid,
    isRunning,
    async start(more = {}) {
      const started = spawn(process.execPath, [main, 'up'], {
        env: { ...process.env, SIGNALBOX_LOG_LEVEL: 'warn', ...env, ...more, SIGNALBOX_DATA: dataFolder, SIGNALBOX_PORT: String(port) },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      let said = ''
      await new Promise<void>((resolve, reject) => {
        const listen = (chunk: Buffer) => {
          said = (said + chunk).slice(-4_096)
          if (said.includes('Signalbox is up')) resolve()
          if (process.env.SIGNALBOX_FAULTS_VERBOSE !== undefined) process.stderr.write(chunk)
        }
        started.stdout?.on('data', listen)
        started.stderr?.on('data', listen)
        started.once('exit', (code, signal) => reject(new Error(`The server ended while starting (${code ?? signal}): ${said}`)))
      })
    },
    async kill() {
      await end('SIGKILL')
    },
    terminate: () => end('SIGTERM'),
  }
}

async function doctor({ url, dataFolder }: ServerProcess): Promise<readonly string[]> {
  const child = spawn(process.execPath, [main, 'doctor', '--json', '--url', url], {
    env: { ...process.env, SIGNALBOX_DATA: dataFolder },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(child, 'close')
  const findings = JSON.parse(said) as readonly { readonly name: string; readonly health: string; readonly what: string }[]
  // The room on its disk is the fault's business.
  return findings.filter(({ name, health }) => health === 'bad' && name !== 'disk').map(({ name, what }) => `${name}: ${what}`)
}

const noProxy: FaultProxy = {
  url: '',
  behave() {
    throw new Error('The small world has no network between agents and server.')
  },
  touched: () => 0,
  withheld: () => 0,
  standing: () => 0,
  addresses: { listens: '', connects: '' },
  async close() {},
}

export async function startSmallWorld(options: {
  readonly dataFolder: string
  readonly seed: number
  readonly env?: Readonly<Record<string, string>>
}): Promise<SmallWorld> {
  const server = serverProcess(options.dataFolder, await freePort(), options.env ?? {})
  await server.start()
  const acks = new Set<string>()
  const refusals = new Map<number, number>()
  const waiting = new Set<() => void>()
  const nextId = createIdSource(Date.now)
  let going = true

  async function post(batch: readonly object[]): Promise<boolean> {
    const answer = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(postTimeoutMs),
    }).catch(() => undefined)
    if (answer === undefined) return false
    if (answer.status !== 200) refusals.set(answer.status, (refusals.get(answer.status) ?? 0) + 1)
    const said = await answer.json().catch(() => undefined)
    return answer.status === 200 && (said as { refused?: unknown[] } | undefined)?.refused?.length === 0
  }

  async function send(sender: number): Promise<void> {
    while (going) {
      const batch = Array.from({ length: batchEvents }, (_, i) => ({
        id: nextId(),
        source: `sender-${sender}`,
        type: 'tool.finished',
        time: new Date().toISOString(),
        run: `run-${(sender + i) % 5}`,
        agent: `agent-${sender}`,
        data: { call: `${sender}-${i}`, name: 'probe' },
      }))
      for (let isTaken = false; !isTaken; ) {
        isTaken = await post(batch)
        if (!isTaken && !going) return
        if (!isTaken) await pause(senderPauseMs)
      }
      for (const { id } of batch) acks.add(id)
      for (const wake of waiting) wake()
    }
  }
  const sending = Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)))

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { url } = JSON.parse(await readFile(join(options.dataFolder, 'connection.json'), 'utf8')) as { readonly url: string }
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows as Row[]
    } finally {
      await client.end()
    }
  }

  return {
    server,
    acks,
    refusals,
    proxy: noProxy,
    random: randomOf(options.seed),
    database: {
      query,
      postmasterPid: async () => Number((await readFile(join(options.dataFolder, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]),
    },
    tell() {},
    acknowledged(more, patienceMs) {
      const target = acks.size + more
      return new Promise((resolve, reject) => {
        let patience: NodeJS.Timeout
        const look = () => {
          clearTimeout(patience)
          if (acks.size >= target) {
            waiting.delete(look)
            return resolve()
          }
          patience = setTimeout(() => {
            waiting.delete(look)
            reject(new Error(`No event was acknowledged for ${patienceMs} ms.`))
          }, patienceMs)
        }
        waiting.add(look)
        look()
      })
    },
    async lost() {
      // Before the log is read: what is acknowledged later has to be there later.
      const promised = [...acks]
      const stored = new Set((await query<{ id: string }>("select id from log where tenant = 'default'")).map(({ id }) => id))
      return promised.filter((id) => !stored.has(id))
    },
    async settle() {
      going = false
      await sending
      return await doctor(server)
    },
    async stop() {
      going = false
      await sending
      if (server.isRunning()) await server.terminate()
    },
  }
}
