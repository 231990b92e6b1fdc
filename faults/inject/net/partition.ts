/**
 * The network is gone, for the kernels of both ends too: packets vanish, new connections are not even refused. Between clients and server
 * it is the server's own sockets that lose their peers; between server and PostgreSQL, the server's to the database.
 */
import type { Fault } from '../../world/world.ts'
import { type Between, between, proxyBetween } from './misbehave.ts'
import { unplug } from './unplug.ts'
import { lasting, until } from './wait.ts'

const patienceMs = 15_000

export const partition = (which: Between): Fault => ({
  ...between(which, 'partition'),
  needs: ['root', 'netns'],
  async strike(world) {
    const { addresses } = proxyBetween(which, world)
    const cable = await unplug(which === 'clients' ? addresses.connects : addresses.listens)
    try {
      await until('packets were lost', patienceMs, async () => (await cable.lostPackets()) > 0)
      const ms = world.random.between(1_000, 12_000)
      await lasting(ms)
      return `${await cable.lostPackets()} packets lost in ${ms} ms`
    } finally {
      await cable.plugIn()
    }
  },
})
