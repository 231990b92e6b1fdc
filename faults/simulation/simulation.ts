/**
 * Simulation: the core in one process, on virtual time, with every chance from one seed.
 *
 * In: a seed. Out: what did not hold, and a hash of all that happened: the same seed gives the same. Real are the ingest doors behind HTTP,
 * the broker, the sequencers, the store's reader, the hub and its WebSockets, the client's feed and the SDK's sender, wires and spool;
 * simulated are time, chance, network, disk and PostgreSQL. First faults strike; then all is healed, and everybody has to get there.
 */
import { createHash } from 'node:crypto'
import { check } from '../check/check.ts'
import { findingText } from '../check/finding.ts'
import type { HistoryEntry, Told } from '../history/history.ts'
import { createRandom } from '../world/random.ts'
import { type Agent, startSdk, startSender } from './agents.ts'
import type { Bug } from './bugs.ts'
import { createDatabase } from './database/database.ts'
import { tellFinals } from './final.ts'
import { installGlobals } from './globals.ts'
import { createLife, type Life } from './life.ts'
import { startNemesis } from './nemesis.ts'
import { createNetwork } from './network.ts'
import { type Observer, startObserver } from './observers.ts'
import { type Server, type ServerConfig, startServer } from './server.ts'
import { createTime } from './time.ts'
import type { World } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Put in on purpose. */
  readonly bugs?: readonly Bug[]
  /** Told what happens as it does. */
  readonly onSay?: (line: string) => void
}

export interface SimulationResult {
  readonly seed: number
  /** Empty: everything held. A line each. */
  readonly findings: readonly string[]
  /** Of every turn and everything told. */
  readonly trace: string
  readonly turns: number
  readonly virtualMs: number
  readonly events: number
  readonly struck: Readonly<Record<string, number>>
  readonly seen: Readonly<Record<string, number>>
  readonly history: readonly HistoryEntry[]
}

const partitions = 2
const epoch = '0badcafe'
const start = Date.parse('2026-11-26T10:00:00Z')
/** How long faults strike. */
const safetyMs: readonly [number, number] = [5_000, 30_000]
/** Each sender's. */
const eventsMade: readonly [number, number] = [4, 14]
/** The longest pauses after healing: a feed that waits 30 s to come back, a half-open connection that is found dead after 45. */
const livenessMs = 240_000
const restMs = 2_000

export async function simulate({ seed, bugs = [], onSay }: SimulationOptions): Promise<SimulationResult> {
  const random = createRandom(seed)
  const trace = createHash('sha256')
  const time = createTime(start, random, (now, tie) => trace.update(`${now} ${tie}\n`))
  const history: HistoryEntry[] = []
  const violations = new Set<string>()
  const lives = new Map<string, Life>()
  const cutUntil = new Map<string, number>()
  const servers: Server[] = []
  let starting = 0
  let isHealed = false
  /** Bad items that cannot be kept are counted, and refused all the same. */
  let isAllKept = true

  const commits = new Map<string, number>()
  const database = createDatabase({
    time,
    random,
    partitions,
    bugs: new Set(bugs),
    onCommit(partition, fence, first, last) {
      const rows = database.tables.log[partition] ?? []
      if (rows.length !== last || rows.some(({ position }, i) => position !== i + 1))
        world.violate(`partition ${partition} is not dense after its commit of ${first} to ${last}`)
      if (database.tables.heads[partition]?.fence !== fence)
        world.violate(`partition ${partition} took a commit of fence ${fence}, which is not its own`)
      if ((commits.get(`${partition}`) ?? 0) > fence)
        world.violate(`partition ${partition} took a commit of fence ${fence} after one of a later fence`)
      commits.set(`${partition}`, fence)
    },
  })

  const world: World = {
    time,
    random,
    network: createNetwork(time, random),
    database,
    bugs: new Set(bugs),
    history,
    tell(process: string, entry: Told) {
      const told = { t: time.now() - start, process, ...entry } as HistoryEntry
      history.push(told)
      trace.update(JSON.stringify(told))
    },
    say: (process, what) => onSay?.(`${time.now() - start} ${process}: ${what}`),
    violate: (what) => void violations.add(what),
    servers: () => servers,
    isCut: ({ name }) => (cutUntil.get(name) ?? 0) > time.now(),
    begin(name, skewMs) {
      const life = createLife(name, time, random, skewMs)
      hosts += 1
      const host = `${name}.s${hosts}`
      lives.set(host, life)
      return { life, url: `http://${host}` }
    },
  }

  const config: ServerConfig = {
    ringBytes: random.pick([4_000, 40_000, 1 << 20]),
    flushMs: random.pick([1, 20]),
    socketBytes: random.pick([100, 65_536]),
    maxLagEvents: random.pick([1, 100_000]),
    slowCloseMs: 30_000,
    heartbeatMs: 20_000,
    maxConnections: 100,
    queueEvents: random.pick([8, 1_000]),
    queueBytes: 1 << 20,
    batchEvents: random.pick([3, 500]),
    commitTimeoutMs: random.pick([3_000, 10_000]),
    ingestCredit: random.pick([8, 1_000]),
  }

  function beginServer(): void {
    const { life } = world.begin(`server-${servers.length + starting + 1}`)
    starting += 1
    let isStarting = true
    const done = () => {
      if (isStarting) starting -= 1
      isStarting = false
    }
    world.say(life.name, 'begins')
    life.onDeath(() => {
      world.say(life.name, 'is dead')
      done()
      time.after(random.between(20, 5_000), () => {
        if (starting === 0 && !servers.some((server) => server.life.isAlive())) beginServer()
      })
    })
    startServer({
      life,
      database,
      partitions,
      epoch,
      config,
      bugs: world.bugs,
      onNotKept: () => {
        isAllKept = false
      },
      onWarning: (warning) => world.say(life.name, warning),
      onError: (error) => world.violate(`a server logged an error: ${error}`),
    }).then(
      (server) => {
        if (!life.isAlive()) return
        done()
        servers.push(server)
        world.say(life.name, 'listens')
        if (isHealed) keepOne()
      },
      // What could not start ends, and is started again.
      () => life.kill(),
    )
  }

  async function stopServer(server: Server): Promise<void> {
    await server.stop()
    const values = server.isSettled() ? (await server.metrics.events.get()).values : []
    for (const door of new Set(values.map(({ labels }) => String(labels.door)))) {
      const of = (fate: string) => values.find(({ labels }) => labels.door === door && labels.fate === fate)?.value ?? 0
      const fates = {
        received: of('received'),
        stored: of('stored'),
        duplicate: of('duplicate'),
        refused: of('refused'),
        quarantined: of('quarantined'),
      }
      world.tell(server.life.name, { op: 'final', type: 'ok', what: 'fates', door, ...fates })
    }
    server.life.kill()
  }
  /** Healed is one server. */
  function keepOne(): void {
    const [first, ...rest] = servers.filter((server) => server.isListening())
    if (first === undefined) return
    for (const server of rest) {
      if (random.next() < 0.5) server.life.kill()
      else void stopServer(server).catch(time.crash)
    }
  }

  const undo = installGlobals(world, lives)
  try {
    beginServer()
    const perSender = random.between(...eventsMade)
    const agents: Agent[] = [
      startSender(world, 'rest-1', 'rest', 1, perSender),
      startSender(world, 'ws-1', 'sdk', 2, perSender),
      startSdk(world, 'sdk-1', perSender),
    ]
    const observers: Observer[] = [
      startObserver(world, 'events-1', 'events', {}, partitions),
      startObserver(world, 'state-1', 'state', {}, partitions),
      startObserver(world, 'state-2', 'state', { run: ['r0', 'r1'] }, partitions),
    ]
    const nemesis = startNemesis(world, {
      agents,
      observers,
      startServer: beginServer,
      stopServer: (server) => void stopServer(server).catch(time.crash),
      partition(ms) {
        for (const { name } of lives.values()) if (random.next() < 0.5) cutUntil.set(name, time.now() + ms)
      },
    })
    await time.run(() => false, time.now() + random.between(...safetyMs))

    isHealed = true
    nemesis.heal()
    cutUntil.clear()
    keepOne()
    const { tables } = database
    const behind = (): string[] => [
      ...(servers.some((server) => server.isListening()) ? [] : ['no server listens']),
      ...agents.filter((agent) => !agent.isDone()).map(({ name }) => `${name} is not answered for all it made`),
      ...observers
        .filter(({ positions }) => tables.heads.some(({ position }, partition) => positions()[partition] !== position))
        .map(({ name }) => `${name} is not at the head`),
    ]
    const healedAt = time.now()
    if (!(await time.run(() => behind().length === 0, healedAt + livenessMs)))
      for (const what of behind()) world.violate(`${livenessMs / 1_000} s after healing ${what}`)
    let isCaughtUp = false
    void servers
      .find((server) => server.isListening())
      ?.caughtUp()
      .then(() => {
        isCaughtUp = true
      })
    if (!(await time.run(() => isCaughtUp, time.now() + livenessMs))) world.violate('rows could not be brought up')
    // What a killed server left, another one finds when it looks.
    const isFolded = () => tables.heads.every(({ position, folded }) => folded === position)
    await time.run(isFolded, time.now() + livenessMs)
    await time.run(() => false, time.now() + restMs)
    for (const { partition, folded, position } of tables.heads)
      if (folded < position) world.violate(`the rows of partition ${partition} stay at ${folded} of ${position}`)
    for (const agent of agents)
      for (const id of agent.owed())
        if (!tables.ids.has(`default ${id}`)) world.violate(`${agent.name} had ${id} in its spool, and it is lost`)
    if (database.locksHeld() > 0) world.violate('locks are left in the database')
    tellFinals(world, observers, isAllKept)
    let times = 0
    for (const { metrics } of servers) for (const { value } of (await metrics.fencedCommits.get()).values) times += value
    if (times > 0) world.tell('reader', { op: 'sight', type: 'ok', sight: 'fence-rejection', times })
    for (const observer of observers) observer.close()
    const report = check(history)
    return {
      seed,
      findings: [...violations, ...report.findings.map(findingText)],
      trace: trace.digest('hex'),
      turns: time.turns(),
      virtualMs: time.now() - start,
      events: report.events,
      struck: nemesis.struck(),
      seen: {
        ...report.counted.seen,
        'lost-commit-answer': database.lostAnswers(),
        gap: history.filter((entry) => entry.op === 'observe' && 'gap' in entry).length,
        'id-reused': tables.quarantine.size,
      },
      history,
    }
  } finally {
    undo()
    for (const life of lives.values()) life.kill()
  }
}

/** Hosts of different runs differ: the client shares sockets by address. */
let hosts = 0
