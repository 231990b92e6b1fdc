/** The two fuzzers that need a whole server, for as long as they are given: what /openapi.json describes, and the same events in other ways. */
import { createDice } from '@signalbox/cli/demo/dice.ts'
import { fleetOf } from './events.ts'
import { differences, plain, play } from './metamorphic/metamorphic.ts'
import { type Way, ways } from './metamorphic/ways.ts'
import { startWorld } from './metamorphic/world.ts'
import { fuzzApi } from './openapi/openapi.ts'
import { startApiWorld } from './openapi/world.ts'

export interface Found {
  readonly tried: number
  /** What became of it, in words. */
  readonly became: readonly string[]
  readonly broken: readonly string[]
}

async function openapi(seed: number, until: number): Promise<Found> {
  const { api, callers, known } = await startApiWorld()
  try {
    const { asked, answers, findings } = await fuzzApi({
      url: api.url,
      document: api.document,
      dice: createDice(seed),
      known,
      callers,
      requests: Number.MAX_SAFE_INTEGER,
      until,
    })
    const statuses = Map.groupBy(answers, ([name]) => name.slice(-3))
    return {
      tried: asked,
      became: [...statuses]
        .sort()
        .map(([status, all]) => `${all.reduce((sum, [, count]) => sum + count, 0).toLocaleString('en')} ${status}`),
      broken: findings.map(({ caller, request: { method, path }, why }) => `${caller}: ${method} ${path.slice(0, 1_000)}: ${why}`),
    }
  } finally {
    await api.stop()
  }
}

const all = Object.keys(ways) as Way[]

async function metamorphic(seed: number, until: number): Promise<Found> {
  const world = await startWorld()
  const dice = createDice(seed)
  const broken: string[] = []
  let events = 0
  let restarts = 0
  try {
    for (let n = 1; Date.now() < until && broken.length === 0; n += 1) {
      const shape = { producers: dice.count(1, 8), runs: dice.count(1, 5), events: dice.count(1, 150) }
      const producers = fleetOf(dice, { ...shape, from: Date.now() - 60_000, name: `${seed}/${n}` })
      const reference = await play(world, dice, producers, { ...plain, name: `plain ${n}` })
      const played = await play(world, dice, producers, { name: `other ${n}`, ways: all, again: 0.3, restarts: 0.05 })
      const due = producers.flat().length
      if (played.stored !== due || played.duplicates !== played.repeated)
        broken.push(`of ${due} events ${played.stored} are stored; ${played.repeated} came again, ${played.duplicates} were duplicates`)
      broken.push(...played.wrong, ...differences(reference.rows, played.rows))
      events += due
      restarts += played.restarts
    }
  } finally {
    await world.stop()
  }
  return { tried: events, became: [`the same rows after ${restarts} restarts`], broken }
}

export const servers: { readonly [name: string]: (seed: number, until: number) => Promise<Found> } = { openapi, metamorphic }
