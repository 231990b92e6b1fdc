/** A real server and store: the same events give the same rows, in whatever order, batches and ways they come, and whoever's they are. */
import { createDice } from '@signalbox/cli/demo/dice.ts'
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fleetOf } from '../events.ts'
import { differences, type Played, plain, play, type Variant } from './metamorphic.ts'
import { recordedFleet } from './recorded.ts'
import { type Way, ways } from './ways.ts'
import { startWorld, type World } from './world.ts'

const all = Object.keys(ways) as Way[]
const variants: readonly Variant[] = [
  ...all.map((way) => ({ name: way, ways: [way], again: 0.3, restarts: 0 })),
  { name: 'all ways', ways: all, again: 0.3, restarts: 0 },
  { name: 'restarts', ways: all, again: 0.3, restarts: 0.2 },
]

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(async () => {
  await world.stop()
  await stopDatabases()
})

const from = Date.now() - 60_000
const streams = {
  made: async () => fleetOf(createDice(4), { producers: 4, runs: 3, events: 60, from, name: 'metamorphic' }),
  recorded: () => recordedFleet(80, Date.now()),
} as const

test.each(Object.keys(streams) as (keyof typeof streams)[])(
  '%s events give the same rows in every way that they can come',
  async (stream) => {
    const dice = createDice(5)
    const producers = await streams[stream]()
    const events = producers.flat().length
    const named = (variant: Variant) => (variant === plain ? plain : { ...variant, name: `${stream}: ${variant.name}` })
    const reference: Played = await play(world, dice, producers, { ...plain, name: `${stream}: plain`, again: 0 })
    for (const variant of variants) {
      const played = await play(world, dice, producers, named(variant))
      expect(played.wrong, variant.name).toEqual([])
      expect(differences(reference.rows, played.rows), variant.name).toEqual([])
      expect([played.stored, played.duplicates], variant.name).toEqual([events, played.repeated])
      if (variant.restarts > 0 && events > 0) expect(played.restarts).toBeGreaterThan(0)
    }
    if (events > 0) expect(reference.rows.size).toBeGreaterThan(20)
  },
)
