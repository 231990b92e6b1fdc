/** Every fault ends the same way: the server is up, and takes events again. */
import type { World } from '../world/world.ts'
import { isAlive, until } from './processes.ts'

const events = 50
/** Longest without an event acknowledged after healing: a recovery of PostgreSQL, and the senders' own pauses. */
const patienceMs = 60_000

export async function serving(world: World): Promise<void> {
  const { server } = world
  // One that died of the fault is a zombie for a moment, and counts as running until its parent was told.
  if (!isAlive(server.pid())) await until('the end of the server is known', 10_000, () => !server.isRunning())
  if (!server.isRunning()) await server.start()
  await world.acknowledged(events, patienceMs)
}

/** Strikes while events flow, and leaves them flowing, whether it could strike or not. */
export async function underLoad(world: World, strike: () => Promise<string>): Promise<string> {
  try {
    await world.acknowledged(events, patienceMs)
    return await strike()
  } finally {
    await serving(world)
  }
}
