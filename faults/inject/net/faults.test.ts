/** Each network fault strikes a real server and says what it touched; what was acknowledged is in the log, once, and it goes on after. */
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingOf } from '../../needs.ts'
import { networkFaults } from './faults.ts'
import { type SmallWorld, smallWorld } from './small-world.testing.ts'

const patienceMs = 30_000

afterAll(stopDatabases)

const worlds = Map.groupBy(networkFaults, ({ setting }) => setting?.network ?? setting?.database ?? 'behind a proxy')

describe.each([...worlds])('server: %s', (_setting, faults) => {
  const missing = missingOf([...new Set(faults.flatMap(({ needs = [] }) => needs))])
  let world: SmallWorld | undefined
  const worldHere = () => {
    if (world === undefined) throw new Error('There is no world.')
    return world
  }
  beforeAll(async () => {
    if (missing.length > 0) return
    const env = Object.assign({}, ...faults.map(({ setting }) => setting?.env ?? {})) as Record<string, string>
    world = await smallWorld({ ...faults[0]?.setting, env })
    await world.acknowledged(200, patienceMs)
  })
  afterAll(() => world?.[Symbol.asyncDispose]())
  /** Says what this box lacks, where it lacks something. */
  const needing = missing.length > 0 ? test.skip : test
  const why = missing.length > 0 ? ` (needs ${missing.join(', ')})` : ''

  needing.each(faults.map((fault) => [fault.name, fault] as const))(`%s${why}`, async (_name, fault) => {
    const said = await fault.strike(worldHere())
    expect(said).toMatch(/[1-9]/)
    await worldHere().acknowledged(20, patienceMs)
  })

  needing(`nothing acknowledged is lost, nothing applied twice${why}`, async () => {
    const acked = [...worldHere().acked]
    const logged = await worldHere().logged()
    const held = new Set(logged)
    expect(held.size).toBe(logged.length)
    expect(acked.filter((id) => !held.has(id))).toEqual([])
    expect(worldHere().server.isRunning()).toBe(true)
  })
})
