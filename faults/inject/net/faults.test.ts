/** Each network fault strikes a real server and says what it touched; what was acknowledged is in the log, once, and it goes on after. */
import { spawnSync } from 'node:child_process'
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fault } from '../../world/world.ts'
import { networkFaults } from './faults.ts'
import { type SmallWorld, smallWorld } from './small-world.testing.ts'

const canUnplug =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'sbx', 'type', 'veth']).status === 0
const isAtHome = ({ needs = [] }: Fault) => needs.length === 0 || canUnplug
const patienceMs = 30_000

afterAll(stopDatabases)

describe.each([undefined, 'through-proxy'] as const)('database: %s', (database) => {
  const faults = networkFaults.filter(({ setting }) => setting?.database === database)
  let world: SmallWorld
  beforeAll(async () => {
    const env = Object.assign({}, ...faults.map(({ setting }) => setting?.env ?? {})) as Record<string, string>
    world = await smallWorld({ env, ...(database === undefined ? {} : { database }) })
    await world.acknowledged(200, patienceMs)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test.each(faults.filter(isAtHome).map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    const said = await fault.strike(world)
    expect(said).toMatch(/[1-9]/)
    await world.acknowledged(20, patienceMs)
  })

  test('nothing acknowledged is lost, nothing applied twice', async () => {
    const acked = [...world.acked]
    const logged = await world.logged()
    const held = new Set(logged)
    expect(held.size).toBe(logged.length)
    expect(acked.filter((id) => !held.has(id))).toEqual([])
    expect(world.server.isRunning()).toBe(true)
  })
})
