/**
 * The network is gone between machines, for the kernels of both: packets vanish, and who connects is not even refused. All of them, or
 * those of one side alone, which then hears and is not heard.
 *
 * Between the server and PostgreSQL it happens to a commit on its way: nobody knows what became of it, and the session that it was sent
 * in stays behind, without a peer and with the lock of its partition.
 */
import type { Cable, Fault, Lost, World } from '../../world/world.ts'
import { takeOver } from '../rival.ts'
import type { Between } from './misbehave.ts'
import { lasting, until } from './wait.ts'

const patienceMs = 20_000
/** What had left before a cut has come by then. */
const inFlightMs = 200
/** From the end of a partition on: whoever holds a lock of the log without a peer has to be gone by then. */
const backWithinMs = 15_000
/** As the setting has it; a partition of the database takes longer, so that the server gives up the commit that was on its way. */
const commitMs = 3_000

const names: Readonly<Record<Lost, string>> = { both: 'link down', 'from server': 'server not heard', 'to server': 'server hears nothing' }

const apart = {
  needs: ['root', 'netns'],
  setting: { network: 'apart', env: { SIGNALBOX_HEARTBEAT_MS: '2000', SIGNALBOX_COMMIT_TIMEOUT_MS: String(commitMs) } },
} as const satisfies Partial<Fault>

function cableTo(which: Between, { cables }: World): Cable {
  if (cables === undefined) throw new Error('The world has no cables.')
  return cables[which]
}

/** PostgreSQL has begun with a commit, and waits for the rest of it. */
async function isHalfCommitted({ database }: World): Promise<boolean> {
  const [found] = await database.query(
    `select from pg_stat_activity where application_name like 'signalbox sequencer % log' and state = 'active' and wait_event = 'ClientRead'`,
  )
  return found !== undefined
}

/** Strikes again until the rest of a commit does not come. */
async function cutWithinCommit(world: World, cable: Cable, lost: Lost): Promise<void> {
  await until('a commit was cut in half', patienceMs, async () => {
    await cable.slow()
    await until('a commit was half on its way', patienceMs, () => isHalfCommitted(world))
    await cable.cut(lost)
    await lasting(inFlightMs)
    if (await isHalfCommitted(world)) return true
    await cable.heal()
    return false
  })
}

/** Resolves when every partition has new events, to how many ms that took. */
async function logGrows({ database }: World): Promise<number> {
  const heads = async () =>
    (await database.query<{ position: string }>('select position from heads order by partition')).map(({ position }) => Number(position))
  const before = await heads()
  return until('every partition of the log grew', backWithinMs, async () => (await heads()).every((head, i) => head > (before[i] ?? 0)))
}

/** Answers what was lost while `meanwhile` ran, and how long that was. */
async function lostWhile(cable: Cable, meanwhile: () => Promise<void>): Promise<string> {
  const since = performance.now()
  await meanwhile()
  await until('packets were lost', patienceMs, async () => (await cable.lostPackets()) > 0)
  return `${await cable.lostPackets()} packets lost in ${Math.round(performance.now() - since)} ms`
}

export const partition = (which: Between, lost: Lost): Fault => ({
  ...apart,
  name: `${which}: partition, ${names[lost]}`,
  async strike(world) {
    const cable = cableTo(which, world)
    const ms = world.random.between(which === 'clients' ? 1_000 : commitMs + 1_000, 15_000)
    let said: string
    try {
      if (which === 'database' && lost !== 'to server') await cutWithinCommit(world, cable, lost)
      else await cable.cut(lost)
      said = await lostWhile(cable, () => lasting(ms))
    } finally {
      await cable.heal()
    }
    return `${said}; every partition of the log grew again within ${Math.round(await logGrows(world))} ms`
  },
})

/** The server's machine is gone in the middle of a commit, as far as PostgreSQL can tell; one on another machine takes its place. */
export const failover: Fault = {
  ...apart,
  name: 'database: partition, another server takes over',
  async strike(world) {
    const cable = cableTo('database', world)
    let committed = ''
    try {
      await cutWithinCommit(world, cable, 'both')
      const said = await lostWhile(cable, async () => {
        const { taken, of } = await takeOver(world)
        if (taken < of) throw new Error(`The other server committed ${taken} of ${of} events in time.`)
        committed = `${taken} events were committed by the other server`
      })
      return `${said}; ${committed}`
    } finally {
      await cable.heal()
    }
  },
}
