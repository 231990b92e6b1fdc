/** Rows are made again from the log while events come in, and the server is killed in the middle of it, again and again. */
import { requestRebuild } from '@signalbox/server/store/rebuild.ts'
import type { Fault, World } from '../world/world.ts'
import { connect } from './postgres.ts'
import { isAlive, pause } from './processes.ts'
import { serving } from './serving.ts'

const kills = 6
/** Of these, before a page is committed; the others later. */
const earlyKills = 2
const mostTries = 30
/** Some pages of 2,000 for each of two partitions. */
const leastEvents = 10_000
const notBegun = 'before the first page'

export const rebuildKilled: Fault = {
  name: 'rows are made again from the log, and the server is killed in the middle',
  async strike(world) {
    const { server } = world
    try {
      await world.acknowledged(Math.max(1, leastEvents - (await logLength(world))), 60_000)
      const asking = await connect(world)
      // As `signalbox doctor --refold` asks; the server that runs goes on with the rows it has.
      await requestRebuild(asking as unknown as Parameters<typeof requestRebuild>[0]).finally(() => asking.end())
      await world.acknowledged(100, 60_000)
      await server.kill()
      const seen: string[] = []
      for (let tries = 0; seen.length < kills && tries < mostTries; tries += 1) {
        let isUp = false
        const starting = server.start().then(
          () => {
            isUp = true
          },
          () => undefined,
        )
        let step: string | undefined
        while (step === undefined && !isUp && isAlive(server.pid())) {
          const found = await stepOf(world)
          if (seen.length < earlyKills || found !== notBegun) step = found
          if (step === undefined) await pause(2)
        }
        // Not always at the first moment of it.
        await pause(world.random.between(0, 40))
        await server.kill()
        await starting
        if (step !== undefined) seen.push(step)
        if (isUp) break
      }
      if (seen.length === 0) throw new Error('No kill found the rebuild under way.')
      return `killed ${seen.length} times while rows were made again: ${seen.join('; ')}`
    } finally {
      await serving(world)
    }
  },
}

async function logLength({ database }: World): Promise<number> {
  const [{ length } = { length: 0 }] = await database.query<{ length: string | number }>('select sum(position) as length from heads')
  return Number(length)
}

/** How far a rebuild is, while there is one. */
async function stepOf(world: World): Promise<string | undefined> {
  try {
    const client = await connect(world)
    try {
      const { rows: tables } = await client.query("select from pg_tables where tablename = 'projections_next'")
      if (tables.length === 0) return undefined
      const { rows } = await client.query<{ partition: number; position: string }>(
        "select partition, position from checkpoints where consumer like 'rebuild to fold %'",
      )
      return rows.map(({ partition, position }) => `${partition}:${position}`).join(' ') || notBegun
    } finally {
      await client.end()
    }
  } catch {
    // It is not there yet, or is going away.
    return undefined
  }
}
