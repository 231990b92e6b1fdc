/** A step that fails, or a server that ends, at a named point, so many times. */
import { arm, disarm, failpointsEnv, fired, type Order } from '../../failpoints/arm.ts'
import type { Fault, World } from '../../world/world.ts'
import { repeatedly } from './plain.ts'

const patienceMs = 15_000

/** Resolves when the order is carried out; rejects, and takes it back, when it is not in time. */
async function carriedOut({ server }: World, order: Order, withinMs = patienceMs): Promise<string> {
  await arm(server.dataFolder, order)
  try {
    for (const end = performance.now() + withinMs; performance.now() < end; ) {
      if ((await fired(server.dataFolder)) !== undefined && (order.action !== 'kill' || !server.isRunning()))
        return `${order.action} at ${order.point}`
      await new Promise((resume) => setTimeout(resume, 10))
    }
    throw new Error(`Nothing came to the point ${order.point} within ${withinMs} ms.`)
  } finally {
    await disarm(server.dataFolder)
  }
}

export const atPoint = (point: string, action: 'kill' | 'throw', times: number): Fault => ({
  name: `${action} at ${point}`,
  setting: { env: failpointsEnv },
  strike: (world) =>
    repeatedly(times, world, async () => {
      const told = await carriedOut(world, { point, action, nth: world.random.between(1, 5) })
      if (!world.server.isRunning()) await world.server.start()
      return told
    }),
})
