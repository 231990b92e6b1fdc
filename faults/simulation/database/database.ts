/**
 * PostgreSQL as the core sees it, in memory: the statements it sends, their locks, the time they take, and what goes wrong with them. It
 * crashes between any two steps and keeps what was flushed; connections break before a statement arrives, while it runs, or after it.
 */
import type { Client, Pool } from 'pg'
import type { Random } from '../../world/world.ts'
import type { Bug } from '../bugs.ts'
import type { Life } from '../life.ts'
import type { Time } from '../time.ts'
import { type Backend, createClient, refusesConnections, type SimulatedClient, type Statement } from './client.ts'
import { createLocks } from './locks.ts'
import { readOf } from './select.ts'
import { copyOf, createTables, type Tables } from './tables.ts'
import { bulk, type Engine, keepQuarantine, quarantineOf, takePartition } from './transactions.ts'

export interface Database {
  readonly tables: Tables
  newClient(life: Life, timeoutMs: number): Client
  poolOf(life: Life): Pool
  /** All that is not on disk is gone, and every connection. */
  crash(): void
  start(): void
  readonly isUp: () => boolean
  /** Breaks one of the connections; answers whether there was one. */
  cutOne(): boolean
  silenceOne(): boolean
  /** The next commit of events is made, and its answer lost. */
  loseNextCommitAnswer(): void
  /** Steps take so many times as long. */
  slowDown(factor: number): void
  readonly locksHeld: () => number
  readonly lostAnswers: () => number
}

export interface DatabaseOptions {
  readonly time: Time
  readonly random: Random
  readonly partitions: number
  readonly bugs: ReadonlySet<Bug>
  readonly onCommit: Engine['onCommit']
}

const isCommit = ({ text }: Statement) => text.startsWith('call commit_events(')
const poolTimeoutMs = 5_000

export function createDatabase({ time, random, partitions, bugs, onCommit }: DatabaseOptions): Database {
  const tables = createTables(partitions)
  const locks = createLocks()
  const clients = new Set<SimulatedClient>()
  let crashes = 0
  let up = true
  let slowness = 1
  let losesNext = false
  let lostAnswers = 0

  const delay = () => (random.next() < 0.03 ? random.between(10, 200) : random.between(0, 2)) * slowness

  /** What began before a crash does not go on after it. */
  async function pause(ms: number): Promise<void> {
    const before = crashes
    await time.sleep(ms)
    if (before !== crashes) await new Promise<never>(() => {})
  }
  const engine: Engine = {
    tables,
    locks,
    bugs,
    step: () => pause(random.between(0, 1) * slowness),
    flush: () => pause(random.between(1, 4) * slowness),
    onCommit,
  }

  function openBackend(): Backend {
    /** Of a transaction that reads one moment. */
    let moment: Tables | undefined
    let isUnsynced = bugs.has('commit-unsynced')
    async function run({ text, values, copies }: Statement): Promise<object[]> {
      if (text.includes('synchronous_commit = off')) isUnsynced = true
      if (/^(set|prepare|create temp table) /.test(text)) return []
      if (text.startsWith('begin isolation level repeatable read')) {
        moment = copyOf(tables)
        return []
      }
      if (text === 'commit' || text === 'rollback') {
        moment = undefined
        return []
      }
      if (text.startsWith('update heads set fence = fence + 1')) return takePartition(engine, Number(values[0]))
      if (text.startsWith('insert into quarantine')) {
        await engine.flush()
        keepQuarantine(engine, quarantineOf(String(values[0])))
        return []
      }
      if (copies.length > 0 || text.startsWith('call ')) {
        await bulk(engine, text, copies)
        return []
      }
      return readOf(text)(moment ?? tables, values)
    }

    return {
      async execute(statement) {
        await engine.step()
        if (isCommit(statement) && isUnsynced) {
          void time.sleep(20).then(() => run(statement).catch(() => {}))
          return []
        }
        return run(statement)
      },
      losesAnswer(statement) {
        if (!losesNext || !isCommit(statement)) return false
        losesNext = false
        lostAnswers += 1
        return true
      },
    }
  }

  function newClient(life: Life, timeoutMs: number): SimulatedClient {
    const client = createClient({
      life,
      time,
      connectTimeoutMs: timeoutMs,
      open: async () => {
        if (!up) throw refusesConnections()
        return openBackend()
      },
      delay,
      onClose: () => clients.delete(client),
      takesLossForDone: (statement) => isCommit(statement) && bugs.has('lost-answer-is-success'),
    })
    clients.add(client)
    return client
  }

  const openOnes = () => [...clients].filter((client) => client.isOpen())

  function strikeOne(strike: (client: SimulatedClient) => void): boolean {
    const open = openOnes()
    if (open.length === 0) return false
    strike(random.pick(open))
    return true
  }

  return {
    tables,
    newClient: (life, timeoutMs) => newClient(life, timeoutMs) as unknown as Client,
    poolOf(life) {
      let idle: SimulatedClient[] = []
      async function connect() {
        idle = idle.filter((client) => client.isOpen())
        const held = idle.pop()
        const client = held ?? newClient(life, poolTimeoutMs)
        if (held === undefined) {
          client.on('error', () => {})
          await client.connect()
        }
        return { query: client.query, release: () => void idle.push(client) }
      }
      const pool = {
        connect,
        async query(text: string, values?: readonly unknown[]) {
          const client = await connect()
          try {
            return await client.query(text, values)
          } finally {
            client.release()
          }
        },
      }
      return pool as unknown as Pool
    },
    crash() {
      crashes += 1
      up = false
      locks.clear()
      for (const client of [...clients]) client.cut()
    },
    start() {
      up = true
    },
    isUp: () => up,
    cutOne: () => strikeOne((client) => client.cut()),
    silenceOne: () => strikeOne((client) => client.silence()),
    loseNextCommitAnswer() {
      losesNext = true
    },
    slowDown(factor) {
      slowness = factor
    },
    locksHeld: locks.size,
    lostAnswers: () => lostAnswers,
  }
}
