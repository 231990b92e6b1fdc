/** Days of the log are sealed while agents send, some of them late events of those very days, and readers read them; and what seals them dies. */
import { createRestLine, createSocketLine, type Line } from '../world/line.ts'
import type { Fault, World } from '../world/world.ts'
import { deliver } from './deliver.ts'
import { type DayProgress, hasLate, keepLate, lateBatch, liveThroughOldDays, type OldDays, progressOf, sealingEnv } from './old-days.ts'
import { readOldDays } from './old-days-readers.ts'
import { connect } from './postgres.ts'
import { ended, isStopped, pause, signal, until } from './processes.ts'
import { serving, underLoad } from './serving.ts'

const patienceMs = 20_000
const sealedWithinMs = 120_000
/** Without a chunk more. */
const restingMs = 20_000
const lookMs = 20
const betweenBatchesMs = [10, 60] as const
const kills = 2
/** Between a start and the next kill. */
const mostLifeMs = 300
/** For what a server had asked for when it stopped. */
const answeredMs = 30

type Look = () => Promise<readonly DayProgress[]>

const sum = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0)
const chunksOf = (days: readonly DayProgress[]) => sum(days, ({ chunks }) => chunks)

/** Sends to days that are being sealed, or were, until it is told to end. `isTaken`: whether a day takes late events too. */
function sendLate(world: World, old: OldDays, line: Line, look: Look, isTaken: (day: DayProgress) => boolean) {
  const { random } = world
  const sent = { late: 0, recognised: 0, reused: 0, chunksAtFirst: Number.POSITIVE_INFINITY }
  let going = true
  async function run() {
    for (; going; await pause(random.between(...betweenBatchesMs))) {
      const progress = await look()
      const begun = old.days.flatMap((day, n) => {
        const of = progress[n]
        return of === undefined || of.chunks === 0 ? [] : [{ day, of }]
      })
      // Often the one that is under way.
      const chosen = random.next() < 0.7 ? begun.at(-1) : begun[random.between(0, begun.length - 1)]
      if (chosen === undefined) continue
      const { late, items } = lateBatch(chosen.day, isTaken(chosen.of), random)
      const { duplicates, refused } = await deliver(world, line, items)
      sent.chunksAtFirst = Math.min(sent.chunksAtFirst, chunksOf(progress))
      sent.recognised += duplicates
      sent.reused += refused.length
      sent.late += late.length
      keepLate(old, chosen.day, late)
    }
  }
  const running = run()
  running.catch(() => undefined)
  return {
    async end() {
      going = false
      await running.finally(() => line.close())
      return sent
    },
  }
}

/** `disturb`: while the days are sealed, which it leaves going on; answers what it did. */
async function sealDays(world: World, isTaken: (day: DayProgress) => boolean, disturb?: (left: () => Promise<number>) => Promise<string>) {
  const { server } = world
  const old = await liveThroughOldDays(world)
  // PostgreSQL may be away.
  const look = () => progressOf(world, old).catch(() => [])
  const readers = readOldDays(world, old)
  const senders = [createRestLine(server.url, patienceMs, '?backfill=true'), createSocketLine(server.url, 'msgpack', patienceMs)].map(
    (line) => sendLate(world, old, line, look, isTaken),
  )
  try {
    const disturbed = await disturb?.(async () => sum(await progressOf(world, old), ({ left }) => left))
    const days = await sealedToTheEnd(world, old, look)
    const sent = await Promise.all(senders.map((sender) => sender.end()))
    const walks = await readers.end()
    const underLoad = chunksOf(days) - Math.min(...sent.map(({ chunksAtFirst }) => chunksAtFirst))
    const [late, recognised, reused] = (['late', 'recognised', 'reused'] as const).map((what) => sum(sent, (of) => of[what]))
    const told = `${chunksOf(days)} chunks, ${underLoad} while their ids were sent: ${late} late, ${recognised} again, ${reused} reused; walks: ${walks.position} by position, ${walks.run} by run, ${walks.time} by time`
    if (!(underLoad > 0) || late === 0 || recognised === 0 || Object.values(walks).includes(0))
      throw new Error(`Nobody met the sealing: ${told}.`)
    return disturbed === undefined ? told : `${disturbed}; ${told}`
  } finally {
    // Nobody ends before he was answered.
    await serving(world).catch(() => undefined)
    await Promise.allSettled([...senders, readers].map((one) => one.end()))
  }
}

/**
 * To the end, but for days whose sealing came to rest with late events in them. Where a step does not get its lock in time, on a machine
 * that is busy, or rows are behind, what is due waits for a minute, or for the next start.
 */
async function sealedToTheEnd({ server }: World, old: OldDays, look: Look): Promise<readonly DayProgress[]> {
  let most = -1
  let movedAt = performance.now()
  return await until('all that was due is sealed', sealedWithinMs, async () => {
    await pause(lookMs)
    const days = await look()
    if (days.length > 0 && days.every(({ left }) => left === 0)) return days
    const isResting = chunksOf(days) <= most && performance.now() > movedAt + restingMs
    if (isResting && days.length > 0 && days.every(({ left }, n) => left === 0 || hasLate(old, n))) return days
    if (isResting) {
      await server.terminate()
      await server.start()
    }
    if (isResting || chunksOf(days) > most) movedAt = performance.now()
    most = Math.max(most, chunksOf(days))
    return undefined
  })
}

/** The backend of a step that has written a chunk and has not committed. */
async function stepUnderWay(world: World): Promise<number> {
  const client = await until('PostgreSQL takes a connection', patienceMs, () => connect(world).catch(() => undefined))
  try {
    return await until('a step of the sealing is under way', patienceMs, () => stepBackend(client))
  } finally {
    await client.end()
  }
}

async function stepBackend(client: Awaited<ReturnType<typeof connect>>, state?: 'idle in transaction'): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where pid <> pg_backend_pid() and now() > xact_start and state like $1
       and (query like 'insert into log_chunks%' or query like 'select lines from log_chunks where partition =%' or query like 'delete from log_%')`,
    [state ?? '%'],
  )
  return rows[0]?.pid
}

/** The same; and the server stands still, so that nothing more comes of it. */
async function stepStoodStill(world: World): Promise<number> {
  const pid = world.server.pid()
  const client = await until('PostgreSQL takes a connection', patienceMs, () => connect(world).catch(() => undefined))
  try {
    return await until('the server stands still within a step', patienceMs, async () => {
      const found = await stepBackend(client)
      if (found === undefined) return undefined
      signal(pid, 'SIGSTOP')
      await until('the server stops', patienceMs, () => isStopped(pid))
      await pause(answeredMs)
      if ((await stepBackend(client, 'idle in transaction')) === found) return found
      signal(pid, 'SIGCONT')
      return undefined
    })
  } catch (error) {
    signal(pid, 'SIGCONT')
    throw error
  } finally {
    await client.end()
  }
}

/** One end after the other, each within a step: of every other one it is sure that the step had written and not committed. */
async function killInSteps(world: World, left: () => Promise<number>, kill: (backend: number) => Promise<string>): Promise<string> {
  const told: string[] = []
  for (let n = 0; n < kills; n += 1) {
    await pause(world.random.between(0, mostLifeMs))
    const isSure = n % 2 === 0
    const pid = world.server.pid()
    const what = await kill(await (isSure ? stepStoodStill(world) : stepUnderWay(world)))
    const events = await until('PostgreSQL says what is left', patienceMs, () => left().catch(() => undefined))
    await serving(world)
    if (events === 0) break
    told.push(`${what} ${isSure ? 'within' : 'about'} a step (${events} left)`)
    // One that lived on would go on in an hour.
    if (world.server.pid() === pid) {
      await world.server.terminate()
      await world.server.start()
    }
  }
  if (told.length === 0) throw new Error('All was sealed before the first kill.')
  return told.join(', ')
}

/** A day that late events come to is not due for another one: only what is wholly sealed takes them where the sealing has to go on later. */
const isOver = ({ left }: DayProgress) => left === 0

export const daysSealed: Fault = {
  name: 'days are sealed while late events of them come in',
  setting: { env: sealingEnv },
  strike: (world) => underLoad(world, () => sealDays(world, () => true)),
}

export const sealingServerKilled: Fault = {
  name: 'kill -9 of the server while it seals days',
  setting: { env: sealingEnv },
  strike: (world) =>
    underLoad(world, () =>
      sealDays(world, isOver, (left) =>
        killInSteps(world, left, async () => {
          await world.server.kill()
          return 'killed'
        }),
      ),
    ),
}

export const sealingPostgresKilled: Fault = {
  name: 'kill -9 of PostgreSQL while days are sealed',
  setting: { env: sealingEnv },
  strike: (world) =>
    underLoad(world, () =>
      sealDays(world, isOver, (left) =>
        killInSteps(world, left, async (backend) => {
          const isBackend = world.random.next() < 0.5
          const pid = isBackend ? backend : await world.database.postmasterPid()
          signal(pid, 'SIGKILL')
          await ended(pid)
          signal(world.server.pid(), 'SIGCONT')
          return isBackend ? 'backend' : 'postmaster'
        }),
      ),
    ),
}
