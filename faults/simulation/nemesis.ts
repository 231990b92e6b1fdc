/** Strikes at random while the safety phase lasts, and heals everything at its end. */
import type { Agent } from './agents.ts'
import type { Bug } from './bugs.ts'
import type { Observer } from './observers.ts'
import type { Server } from './server.ts'
import type { World } from './world.ts'

/** What the nemesis has power over, beside the network and the database. */
export interface Targets {
  readonly agents: readonly Agent[]
  readonly observers: readonly Observer[]
  /** Another life, whether or not one goes on. */
  startServer(): void
  stopServer(server: Server): void
  /** No way to a server for so long, for about half of all. */
  partition(ms: number): void
}

export interface Nemesis {
  heal(): void
  /** How often each fault struck. */
  readonly struck: () => Readonly<Record<string, number>>
}

/** Bugs that show where two faults come together, of which this one would be rare: with the bug put in it is every second strike. */
const favoured: Readonly<Partial<Record<Bug, string>>> = { 'spool-unsynced': 'cut-agents-power' }

export function startNemesis(world: World, targets: Targets): Nemesis {
  const { time, random, network, database } = world
  const struck: Record<string, number> = {}
  let isHealed = false
  const between = (least: number, most: number) => random.between(least, most)
  const oneOf = <T>(all: readonly T[], strike: (one: T) => void): boolean => {
    if (all.length === 0) return false
    strike(random.pick(all))
    return true
  }
  const alive = () => world.servers().filter(({ life }) => life.isAlive())

  /** Each answers false when there was nothing to strike. */
  const faults: Readonly<Record<string, () => unknown>> = {
    'kill-server': () => oneOf(alive(), ({ life }) => life.kill()),
    'kill-server-at-an-act': () => oneOf(alive(), ({ life }) => life.crashAfter(between(0, 60))),
    'second-server'() {
      if (alive().length > 1) return false
      targets.startServer()
      return true
    },
    'stop-server': () => oneOf(alive(), targets.stopServer),
    'crash-database'() {
      if (!database.isUp()) return false
      database.crash()
      time.after(between(20, 6_000), database.start)
      return true
    },
    'lose-commit-answer': database.loseNextCommitAnswer,
    'cut-database-connection': database.cutOne,
    'silence-database-connection': database.silenceOne,
    'slow-database'() {
      database.slowDown(between(5, 100))
      time.after(between(100, 4_000), () => database.slowDown(1))
      return true
    },
    'reset-connection': () => oneOf(network.open(), (connection) => connection.reset()),
    'silence-connection': () => oneOf(network.open(), (connection) => connection.silence()),
    'stand-still': () =>
      oneOf(network.open(), (connection) => {
        connection.stand(random.next() < 0.5)
        time.after(between(50, 40_000), connection.go)
      }),
    'reader-stands-still': () =>
      oneOf(
        network.open().filter(({ client }) => targets.observers.some(({ name }) => client.startsWith(name))),
        (connection) => {
          connection.stand(true)
          time.after(between(5_000, 25_000), connection.go)
        },
      ),
    partition: () => targets.partition(between(100, 8_000)),
    'crash-agent': () => oneOf(targets.agents, ({ crash }) => crash?.(false)),
    'cut-agents-power': () => oneOf(targets.agents, ({ crash }) => crash?.(true)),
    'crash-observer': () => oneOf(targets.observers, (observer) => observer.crash()),
  }
  const names = Object.keys(faults)
  const wanted = [...world.bugs].flatMap((bug) => favoured[bug] ?? [])

  function strike(): void {
    if (isHealed) return
    const name = wanted.length > 0 && random.next() < 0.5 ? random.pick(wanted) : random.pick(names)
    if (faults[name]?.() !== false) {
      struck[name] = (struck[name] ?? 0) + 1
      world.say('nemesis', name)
    }
    time.after(between(50, 4_000), strike)
  }
  time.after(between(50, 4_000), strike)

  return {
    heal() {
      world.say('nemesis', 'heals')
      isHealed = true
      database.start()
      database.slowDown(1)
      for (const connection of network.open()) connection.go()
      for (const { life } of world.servers()) life.crashAfter(Number.POSITIVE_INFINITY)
      for (const agent of targets.agents) agent.heal()
    },
    struck: () => struck,
  }
}
