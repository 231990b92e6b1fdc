/** Nothing but wrong items for a while, as fast as they are taken: each is refused, and those who send right ones are served. */
import { createFleet } from '../world/fleet.ts'
import { createRestLine } from '../world/line.ts'
import { createPoison } from '../world/poison.ts'
import type { Fault } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { underLoad } from './serving.ts'

const lastsMs = 4_000
const atOnce = 4
const batchItems = 200
const patienceMs = 20_000

export const poisonFlood: Fault = {
  name: 'a flood of wrong events',
  strike: (world) =>
    underLoad(world, async () => {
      const { server, random, tell } = world
      const line = createRestLine(server.url, patienceMs)
      const make = createFleet({ source: 'poisoner', name: 'poisoner', agents: 1, random, now: Date.now })
      let refused = 0
      const end = performance.now() + lastsMs
      async function flood() {
        while (performance.now() < end) {
          const items = Array.from({ length: batchItems }, () => createPoison(make(), 'json', random))
          const call = nextCall()
          tell({ op: 'send', type: 'invoke', call, door: 'rest', events: items.map(({ sent }) => sent) })
          const ending = await line.send(items.map(({ json }) => json))
          tell({ op: 'send', call, ...ending })
          if (ending.type === 'ok') refused += ending.refused.length
        }
      }
      await Promise.all([world.acknowledged(200, patienceMs), ...Array.from({ length: atOnce }, flood)])
      line.close()
      if (refused === 0) throw new Error('No wrong event was answered.')
      return `${refused} wrong events were refused in ${lastsMs} ms, and right ones were acknowledged beside them`
    }),
}
