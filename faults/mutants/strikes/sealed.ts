/**
 * One id is sent to both partitions, and its day sealed, while the first of its commits stands between its look into sealed days and its
 * end. A server seals what came in a day ago: here somebody else does, whose time is days ahead.
 */
import { partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import { sealingOf } from '@signalbox/server/store/sealing.testing.ts'
import pg from 'pg'
import { arm, disarm, failpointsEnv, fired } from '../../failpoints/arm.ts'
import { nextCall } from '../../inject/calls.ts'
import { until } from '../../inject/processes.ts'
import { databaseUrl } from '../../world/database.ts'
import { createRestLine } from '../../world/line.ts'
import { type Item, itemOf } from '../../world/poison.ts'
import type { Fault, World } from '../../world/world.ts'
import { patienceMs, repeatedly } from './plain.ts'

const times = 2
const dayMs = 86_400_000
const ageMs = 5 * dayMs
/** Its clock's lead, and the age from which it seals: no day of now. */
const aheadDays = 2
/** The look of a late commit into chunks. */
const point = 'sequencer/writer.ts:settleAll:under:3'
/** Enough to seal a day meanwhile, and less than a commit may take. */
const stallMs = 4_000
const runs = [0, 1].map((partition) => ['a', 'b', 'c', 'd', 'e', 'f'].find((name) => partitionOf('default', name, 2) === partition) ?? '')

const late = (run: string, id = uuidv7(Date.now() - ageMs)): Item =>
  itemOf({ event: { id, source: 'late', type: 'log', time: new Date(Date.now() - ageMs).toISOString(), agent: 'late', run } })

async function submit({ server, tell }: World, item: Item): Promise<void> {
  const call = nextCall()
  tell({ op: 'send', type: 'invoke', call, door: 'rest', events: [item.sent] })
  tell({ op: 'send', call, ...(await createRestLine(server.url, patienceMs).send([item.json])) })
}

/** Orders are read a moment after they are given: one that came through is followed by another. */
async function stalledIn(world: World, run: string): Promise<{ readonly first: Item; readonly submitted: Promise<void> }> {
  const { dataFolder } = world.server
  await arm(dataFolder, { point, nth: 1, action: 'stall', ms: stallMs })
  for (;;) {
    const first = late(run)
    let isThrough = false
    const submitted = submit(world, first).then(() => {
      isThrough = true
    })
    await until('a late commit stands still', patienceMs, async () => isThrough || (await fired(dataFolder)) !== undefined)
    if (!isThrough) return { first, submitted }
  }
}

/** Until no table has the event any more. */
async function seal(pool: pg.Pool, { sent }: Item): Promise<void> {
  const sealing = sealingOf(pool, () => Date.now() + aheadDays * dayMs, aheadDays)
  await until('the day is sealed', patienceMs, async () => {
    await sealing.sealDue()
    return (await pool.query('select from log where id = $1', [sent.id])).rowCount === 0
  })
}

export const lateCommitStalled: Fault = {
  name: 'a late commit stands still while its day is sealed',
  setting: { env: failpointsEnv },
  strike: (world) =>
    repeatedly(times, world, async () => {
      const { dataFolder } = world.server
      const pool = new pg.Pool({ connectionString: await databaseUrl(dataFolder) })
      pool.on('error', () => undefined)
      const [ofOne = '', ofOther = ''] = runs
      try {
        // From now on the writers look into it.
        const before = late(ofOne)
        await submit(world, before)
        await seal(pool, before)
        const { first, submitted } = await stalledIn(world, ofOne)
        const second = late(ofOther, first.sent.id)
        await submit(world, second)
        await seal(pool, second)
        await submitted
        return 'one id was committed twice at once'
      } finally {
        await disarm(dataFolder)
        await pool.end()
      }
    }),
}
