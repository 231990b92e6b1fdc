/** kill -9 before, under and after every step of the ack path, a few of them a strike: strikes go on where the last one ended, until all were walked. */

import { shuffled } from '../world/random.ts'
import type { Fault, World } from '../world/world.ts'
import { allPoints, arm, disarm, failpointsEnv, fired, seenPoints } from './arm.ts'

/** Under load; and then once more while the server starts. */
const comeToWithinMs = 1_000
const lookMs = 10
const patienceMs = 30_000

/** Of each world, points that are still to be walked. */
const left = new WeakMap<World, string[]>()

/** `points`: walked by one strike. */
export const killAtPoints = (points: number): Fault => ({
  name: 'kill -9 at fail points of the ack path',
  setting: { env: failpointsEnv },
  async strike(world) {
    const killed: string[] = []
    const notCome: string[] = []
    try {
      for (const point of await nextPoints(world, points)) ((await kill(world, point)) ? killed : notCome).push(point)
    } finally {
      await disarm(world.server.dataFolder)
      if (!world.server.isRunning()) await world.server.start()
    }
    const rest = notCome.length === 0 ? '' : `; not come to: ${notCome.join(', ')}`
    if (killed.length === 0) throw new Error(`Nothing came to any of the points${rest}.`)
    return `killed at ${killed.join(', ')}${rest}`
  },
})

/** Those first that the server has come to before. */
async function nextPoints(world: World, most: number): Promise<readonly string[]> {
  const points = left.get(world) ?? shuffled(await allPoints(), world.random)
  const seen = await seenPoints(world.server.dataFolder)
  const next = [...points.filter((point) => seen.has(point)), ...points.filter((point) => !seen.has(point))].slice(0, most)
  const rest = points.filter((point) => !next.includes(point))
  if (rest.length > 0) left.set(world, rest)
  else left.delete(world)
  return next
}

/** False when nothing came to the point, under load or at a start. The server is up again. */
async function kill(world: World, point: string): Promise<boolean> {
  const { server } = world
  await arm(server.dataFolder, { point, nth: world.random.between(1, 3), action: 'kill' })
  const has = async () => (await fired(server.dataFolder)) !== undefined
  for (const end = performance.now() + comeToWithinMs; performance.now() < end && server.isRunning(); )
    await new Promise((resume) => setTimeout(resume, lookMs))
  if (!(await has())) {
    await server.kill()
    await arm(server.dataFolder, { point, nth: 1, action: 'kill' })
    await server.start().catch(async (error: unknown) => {
      if (!(await has())) throw error
    })
  }
  const isKilled = await has()
  await disarm(server.dataFolder)
  if (!server.isRunning()) await server.start()
  await world.acknowledged(20, patienceMs)
  return isKilled
}
