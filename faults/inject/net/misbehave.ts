/** A fault that is one behaviour of a proxy: between clients and server, or between server and PostgreSQL. */
import type { Behaviour, Fault, FaultProxy, Random, World } from '../../world/world.ts'
import { lasting, until } from './wait.ts'

export type Between = 'clients' | 'database'

export interface Misbehaviour {
  readonly name: string
  readonly how: (random: Random) => Behaviour
  /** Least and most ms that it lasts from its first touch on. */
  readonly lastsMs: readonly [least: number, most: number]
  /** What it does loses no byte: events have to be acknowledged while it lasts. */
  readonly isHarmless?: true
}

const patienceMs = 15_000

function proxyBetween(between: Between, world: World): FaultProxy {
  const proxy = between === 'clients' ? world.proxy : world.databaseProxy
  if (proxy === undefined) throw new Error('The world has no proxy before its database.')
  return proxy
}

/** Named after whom it comes between, and set so. */
const between = (which: Between, name: string): Pick<Fault, 'name' | 'setting'> =>
  which === 'clients' ? { name: `clients: ${name}` } : { name: `database: ${name}`, setting: { database: 'through-proxy' } }

export const misbehave = (which: Between, { name, how, lastsMs, isHarmless }: Misbehaviour): Fault => ({
  ...between(which, name),
  async strike(world) {
    const proxy = proxyBetween(which, world)
    const behaviour = how(world.random)
    proxy.behave(behaviour)
    try {
      await until('a connection met it', patienceMs, () => proxy.touched() > 0)
      await lasting(world.random.between(...lastsMs))
      if (isHarmless) await world.acknowledged(1, patienceMs)
      return `${JSON.stringify(behaviour)} touched ${proxy.touched()} connections, ${proxy.withheld()} bytes held, dropped or late`
    } finally {
      proxy.behave({ kind: 'pass' })
    }
  },
})
