/** One scenario: a world with load, faults that strike it one after the other, then peace, and what everybody saw judged. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHistory } from '../history/writer.ts'
import { databaseOf } from './database.ts'
import { startObservers } from './observers.ts'
import { startProducers } from './producers.ts'
import { createRandom, shuffled } from './random.ts'
import { startServerProcess } from './server-process.ts'
import { settleAndRead } from './settle.ts'
import type { Fault, World } from './world.ts'

export interface ScenarioOptions {
  readonly name: string
  readonly seed: number
  readonly faults: readonly Fault[]
  /** Faults strike again, in another order, until so much time has gone; default: each once. */
  readonly seconds?: number
  /** Default 1,000. */
  readonly eventsPerSecond?: number
  /** Leaves the folder. It is left too where something was found. */
  readonly keep?: boolean
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly name: string
  readonly seconds: number
  readonly acknowledged: number
  /** What strikes now, or what else is under way. */
  readonly now: string
}

export interface Struck {
  readonly fault: string
  /** What shows that it struck. */
  readonly fired?: string
  readonly error?: string
  readonly seconds: number
}

export interface Finding {
  readonly law: string
  readonly what: string
}

export interface ScenarioResult {
  readonly name: string
  readonly seed: number
  readonly folder: string
  readonly historyPath: string
  readonly acknowledged: number
  readonly seconds: number
  readonly struck: readonly Struck[]
  readonly findings: readonly Finding[]
  /** Why the run does not count; empty: it does. */
  readonly uncounted: readonly string[]
}

/** Beats often enough that observers know a dead connection in seconds. */
const settings = { SIGNALBOX_HEARTBEAT_MS: '2000' }
const warmUpEvents = 300
const warmUpMs = 60_000
const aliveWithinMs = 60_000
const progressMs = 2_000

export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { name, seed, faults, seconds = 0, eventsPerSecond = 1_000 } = options
  const beganAt = performance.now()
  const took = () => Math.round(performance.now() - beganAt) / 1_000
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-'))
  // PostgreSQL may run as another user, who has to pass through.
  await chmod(folder, 0o711)
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const historyPath = join(folder, 'history.jsonl')
  const findings: Finding[] = []
  const struck: Struck[] = []
  let acknowledged = 0
  let now = 'starting'
  const waiting = new Set<() => void>()

  await using stack = new AsyncDisposableStack()
  const history = stack.use(createHistory(historyPath))
  const progress = setInterval(() => options.onProgress?.({ name, seconds: took(), acknowledged, now }), progressMs)
  stack.defer(() => clearInterval(progress))
  const setting = Object.assign({}, ...faults.map((fault) => fault.setting?.env ?? {})) as Record<string, string>
  const server = stack.use(await startServerProcess({ dataFolder, logFile: join(folder, 'server.log'), env: { ...settings, ...setting } }))

  const onAcknowledged = (events: number) => {
    acknowledged += events
    for (const look of waiting) look()
  }
  const world: World = {
    server,
    database: databaseOf(dataFolder),
    proxy: { url: server.url, behave() {}, touched: () => 0, async close() {} },
    random: createRandom(seed),
    tell: (entry) => history.tell('nemesis', entry),
    acknowledged: (more, patienceMs) => untilMore(more, patienceMs),
  }
  function untilMore(more: number, patienceMs: number): Promise<void> {
    const target = acknowledged + more
    return new Promise((resolve, reject) => {
      let seen = acknowledged
      const stop = (end: () => void) => {
        clearInterval(timer)
        waiting.delete(look)
        end()
      }
      const timer = setInterval(() => {
        if (acknowledged === seen) stop(() => reject(new Error(`No event was acknowledged for ${patienceMs} ms.`)))
        seen = acknowledged
      }, patienceMs)
      const look = () => acknowledged >= target && stop(resolve)
      waiting.add(look)
      look()
    })
  }

  const producers = startProducers({
    url: world.proxy.url,
    folder,
    seed,
    eventsPerSecond,
    tell: history.tell,
    onAcknowledged,
  })
  stack.defer(() => {
    for (const producer of producers) producer.abandon()
  })
  const observers = await startObservers({ url: world.proxy.url, serverUrl: server.url, tell: history.tell })
  stack.defer(() => observers.close())

  async function strike(fault: Fault) {
    now = fault.name
    const startedAt = took()
    world.tell({ op: 'fault', type: 'invoke', fault: fault.name })
    try {
      const fired = await fault.strike(world)
      world.tell({ op: 'fault', type: 'ok', fault: fault.name, fired })
      struck.push({ fault: fault.name, fired, seconds: took() - startedAt })
    } catch (error) {
      world.tell({ op: 'fault', type: 'fail', fault: fault.name, error: String(error) })
      struck.push({ fault: fault.name, error: String(error), seconds: took() - startedAt })
    }
    await heal(fault.name)
  }
  async function heal(after: string) {
    world.proxy.behave({ kind: 'pass' })
    if (!server.isRunning()) await server.start()
    server.surprises()
    try {
      await untilMore(100, aliveWithinMs)
    } catch (error) {
      findings.push({ law: 'liveness', what: `After ${after}: ${String(error)}` })
    }
    for (const end of server.surprises()) findings.push({ law: 'survival', what: `After ${after} was healed the server's ${end}.` })
  }

  await untilMore(warmUpEvents, warmUpMs)
  do for (const fault of shuffled(faults, world.random)) await strike(fault)
  while (took() < seconds)
  now = 'settling'
  findings.push(...(await settleAndRead({ world, producers, observers, tell: history.tell })))
  await Promise.all([observers.close()])
  history.close()
  now = 'judging'
  const result = { name, seed, folder, historyPath, acknowledged, struck, findings, uncounted: [] }
  await stack.disposeAsync()
  if (options.keep !== true && findings.length === 0) await rm(folder, { recursive: true, force: true })
  return { ...result, seconds: took() }
}
