/** A whole day of events is sent, and then all of it once more, through another door, in another order and other batches: none is stored twice. */
import { createFleet } from '../world/fleet.ts'
import { createRestLine, createSocketLine } from '../world/line.ts'
import { type Item, itemOf } from '../world/poison.ts'
import { shuffled } from '../world/random.ts'
import type { Fault, World } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { deliver } from './deliver.ts'
import { underLoad } from './serving.ts'

const dayMs = 24 * 3_600_000
const events = 50_000
const agents = 20
const batchEvents = 500
const againBatchEvents = [1, 900] as const
/** Of the second time. */
const atOnce = 3
const patienceMs = 20_000

export const replayedDay: Fault = {
  name: 'a whole day is sent again',
  // A world of its own, whose slow readers are told of a gap: they would read for minutes what comes in here in seconds.
  setting: { env: { SIGNALBOX_MAX_LAG_EVENTS: '10000' } },
  strike: (world) =>
    underLoad(world, async () => {
      const { server, random } = world
      const day = makeDay(world)
      const rest = createRestLine(server.url, patienceMs)
      for (let at = 0; at < events; at += batchEvents) await deliver(world, rest, day.slice(at, at + batchEvents))

      const socket = createSocketLine(server.url, 'msgpack', patienceMs)
      const left = shuffled(day, random)
      let recognised = 0
      async function again() {
        while (left.length > 0) {
          const { duplicates } = await deliver(world, socket, left.splice(0, random.between(...againBatchEvents)))
          recognised += duplicates
        }
      }
      try {
        await Promise.all(Array.from({ length: atOnce }, again))
      } finally {
        socket.close()
      }
      if (recognised !== events) throw new Error(`Of ${events} events that were sent again ${recognised} were recognised.`)
      return `${events} events of 24 hours were sent, and again over a WebSocket in another order: all ${recognised} were recognised`
    }),
}

/** Ends now. */
function makeDay({ random }: World): readonly Item[] {
  const began = Date.now() - dayMs
  let made = 0
  const name = `day-${nextCall()}`
  const now = () => began + Math.trunc((made / events) * dayMs)
  const next = createFleet({ source: name, name, agents, random, now })
  return Array.from({ length: events }, () => {
    made += 1
    return itemOf(next())
  })
}
