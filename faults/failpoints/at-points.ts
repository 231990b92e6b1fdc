/**
 * kill -9, or a stall, before, under and after every step of the ack path, a few of them a strike. Strikes go on where the last one ended,
 * in whatever world, until all were walked: how many runs that takes is a matter of time, in which order one of the seed.
 */
import { pause } from '../inject/processes.ts'
import { shuffled } from '../world/random.ts'
import type { Fault, World } from '../world/world.ts'
import { allPoints, arm, disarm, failpointsEnv, fired, seenPoints } from './arm.ts'

/** Under load; a kill is then tried once more while the server starts. */
const comeToWithinMs = 1_000
const lookMs = 10
const patienceMs = 60_000
const stallMs = [100, 3_000] as const
/** Points that nothing comes to, for each that something does. */
const mostInVain = 5

const names = { kill: 'kill -9 at fail points of the ack path', stall: 'stalls at fail points of the ack path' } as const
const did = { kill: 'killed', stall: 'stalled' } as const

/** `count`: points that one strike has to hit. */
export function atPoints(action: 'kill' | 'stall', count: number): Fault {
  /** Still to be walked. */
  let left: readonly string[] = []

  /** One that this server has come to before, if any is left. */
  async function nextPoint({ server, random }: World): Promise<string> {
    if (left.length === 0) left = shuffled(await allPoints(), random)
    const seen = await seenPoints(server.dataFolder)
    const next = left.find((point) => seen.has(point)) ?? left[0] ?? ''
    left = left.filter((point) => point !== next)
    return next
  }

  return {
    name: names[action],
    setting: { env: failpointsEnv },
    async strike(world) {
      const hit: string[] = []
      const notCome: string[] = []
      try {
        while (hit.length < count && notCome.length < count * mostInVain) {
          const point = await nextPoint(world)
          ;((await strikes[action](world, point)) ? hit : notCome).push(point)
        }
      } finally {
        await disarm(world.server.dataFolder)
        if (!world.server.isRunning()) await world.server.start()
      }
      const rest = notCome.length === 0 ? '' : `; not come to: ${notCome.join(', ')}`
      if (hit.length === 0) throw new Error(`Nothing came to any of the points${rest}.`)
      return `${did[action]} at ${hit.join(', ')}${rest}`
    },
  }
}

const hasFired = async ({ server }: World) => (await fired(server.dataFolder)) !== undefined

/** False when nothing came to the point. */
const strikes: { readonly [A in keyof typeof names]: (world: World, point: string) => Promise<boolean> } = {
  async kill(world, point) {
    const { server } = world
    await arm(server.dataFolder, { point, nth: world.random.between(1, 3), action: 'kill' })
    await until(async () => !server.isRunning())
    if (!(await hasFired(world))) {
      await server.kill()
      await arm(server.dataFolder, { point, nth: 1, action: 'kill' })
      await server.start().catch(async (error: unknown) => {
        if (!(await hasFired(world))) throw error
      })
    }
    return await over(world)
  },
  async stall(world, point) {
    const { server, random } = world
    await arm(server.dataFolder, { point, nth: random.between(1, 3), action: 'stall', ms: random.between(...stallMs) })
    await until(() => hasFired(world))
    return await over(world)
  },
}

/** Whether the order was carried out. None is any more, the server is up, and takes events. */
async function over(world: World): Promise<boolean> {
  const { server } = world
  await disarm(server.dataFolder)
  let isServing = false
  const serving = world.acknowledged(20, patienceMs).then(() => {
    isServing = true
  })
  // It may have read the order just before, and die of it only now.
  while (!isServing) {
    if (!server.isRunning()) await server.start()
    await Promise.race([serving, pause(lookMs)])
  }
  return await hasFired(world)
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + comeToWithinMs; performance.now() < end && !(await is()); ) await pause(lookMs)
}
