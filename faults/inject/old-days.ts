/**
 * Days of the log that came in long ago: what a server that seals days (SIGNALBOX_COMPRESS_AFTER_DAYS) has to be due. A day is not due
 * while anything came in for it within the last one, so the server lives through a moment of the past: it is started with its clock set
 * back, given days of before as history, and started again with the clock as it is. It seals from then on.
 */
import { rm, writeFile } from 'node:fs/promises'
import { firstIdOf, uuidv7 } from '@signalbox/model/ids.ts'
import { positionsOf } from '../world/feed.ts'
import { createFleet, type Made } from '../world/fleet.ts'
import { createRestLine } from '../world/line.ts'
import { getJson } from '../world/pages-reader.ts'
import { type Item, itemOf, reusedId } from '../world/poison.ts'
import { shuffled } from '../world/random.ts'
import type { Random, World } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { shiftableEnv, shiftFile } from './clock.ts'
import { deliver } from './deliver.ts'

const dayMs = 86_400_000
/** When the history came in: longer ago than nothing may have come to a day that is due. */
const cameInMs = 2 * dayMs
/** The newest of them had ended by then. */
const newestDay = 4
const days = 4
const dayEvents = 1_500
const agents = 12
const batchEvents = 500
const atOnce = 3
const mostLate = 40
const mostAgain = 20
const patienceMs = 20_000

/** A server that seals the days made here, and whose slow readers are told of a gap: they would read for minutes what comes in in seconds. */
export const sealingEnv: Readonly<Record<string, string>> = {
  ...shiftableEnv,
  SIGNALBOX_COMPRESS_AFTER_DAYS: '1',
  SIGNALBOX_MAX_LAG_EVENTS: '10000',
}

export interface OldDay {
  /** Ids of [from, to), in ms. */
  readonly from: number
  readonly to: number
  /** What is acknowledged of it. */
  readonly stored: Made[]
}

export interface OldDays {
  /** The oldest first, as they are sealed. */
  readonly days: readonly OldDay[]
  /** What is acknowledged, by id. */
  readonly stored: Map<string, Made>
  /** Where the log was before them. */
  readonly cursor: string
  /** Positions of each partition, before their first and of the last as they were at first. */
  readonly after: readonly number[]
  readonly upTo: readonly number[]
}

export interface DayProgress {
  readonly chunks: number
  /** Of the history: events in the day's table. */
  readonly left: number
}

const cursorNow = async ({ server }: World) => (await getJson<{ cursor: string }>(`${server.url}/v1/poll?wait=0`)).cursor

/** Sealing begins with its end. */
export async function liveThroughOldDays(world: World): Promise<OldDays> {
  const { server, proxy } = world
  const cursor = await cursorNow(world)
  const history = makeDays(world.random)
  const file = shiftFile(server.dataFolder)
  try {
    await server.terminate()
    // Nobody else is to find a server whose time is of before.
    proxy.behave({ kind: 'stall', side: 'requests' })
    await writeFile(file, String(-cameInMs))
    await server.start()
    const stored = new Map<string, Made>()
    const line = createRestLine(server.url, patienceMs, '?backfill=true')
    for (const day of history) {
      const left = [...day.stored]
      const send = async () => {
        while (left.length > 0) {
          const some = left.splice(0, batchEvents)
          await deliver(
            world,
            line,
            some.map((made) => itemOf(made)),
          )
          for (const made of some) stored.set(made.event.id, made)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, send))
    }
    const { positions: after } = positionsOf(cursor)
    const { positions: upTo } = positionsOf(await cursorNow(world))
    return { days: history, stored, cursor, after, upTo }
  } finally {
    await server.terminate()
    await rm(file, { force: true })
    proxy.behave({ kind: 'pass' })
    await server.start()
  }
}

/** Some whose order in the log is that of their ids, some in none. */
function makeDays(random: Random): readonly OldDay[] {
  const today = Math.floor(Date.now() / dayMs) * dayMs
  const name = `old-${nextCall()}`
  let now = 0
  const next = createFleet({ source: name, name, agents, random, now: () => now })
  return Array.from({ length: days }, (_, n) => {
    const from = today - (newestDay + days - 1 - n) * dayMs
    const made = Array.from({ length: dayEvents }, (_, i) => {
      now = from + Math.trunc((i / dayEvents) * dayMs)
      return next()
    })
    return { from, to: from + dayMs, stored: random.next() < 0.5 ? made : shuffled(made, random) }
  })
}

/** How far each day is sealed, of what came in as history. */
export async function progressOf({ database }: World, { days, after, upTo }: OldDays): Promise<readonly DayProgress[]> {
  return await database.query<DayProgress>(
    `select (select count(*) from log_chunks c where c.min_id >= d.from_id and c.max_id < d.to_id and c.last > ($3::bigint[])[c.partition + 1])::int as chunks,
       (select count(*) from log l where l.id >= d.from_id and l.id < d.to_id and l.position > ($3::bigint[])[l.partition + 1]
         and l.position <= ($4::bigint[])[l.partition + 1])::int as left
     from unnest($1::uuid[], $2::uuid[]) with ordinality as d (from_id, to_id, n) order by n`,
    [days.map(({ from }) => firstIdOf(from)), days.map(({ to }) => firstIdOf(to)), after, upTo],
  )
}

/** Beside what is late, if wanted: what a sender that is not sure sends again, and an id with other content, in another run too. */
export function lateBatch(
  day: OldDay,
  isLateWanted: boolean,
  random: Random,
): { readonly late: readonly Made[]; readonly items: readonly Item[] } {
  const late = isLateWanted ? Array.from({ length: random.between(1, mostLate) }, () => lateEvent(day, random)) : []
  const again = Array.from({ length: random.between(1, mostAgain) }, () => itemOf(random.pick(day.stored)))
  const n = nextCall()
  const { event } = random.pick(day.stored)
  const reused = reusedId({ event: random.next() < 0.5 ? event : { ...event, run: `elsewhere-${n}` } }, n)
  return { late, items: shuffled([...late.map((made) => itemOf(made)), ...again, reused], random) }
}

function lateEvent({ from, to, stored }: OldDay, random: Random): Made {
  const time = random.between(from, to - 1)
  const { source, run, agent } = random.pick(stored).event
  const event = { id: uuidv7(time), source, type: 'log', time: new Date(time).toISOString(), data: { message: 'late' } }
  return { event: { ...event, ...(run === undefined ? {} : { run }), ...(agent === undefined ? {} : { agent }) } }
}

/** It is acknowledged: who reads from now on has to come by it. */
export function keepLate({ stored }: Pick<OldDays, 'stored'>, day: OldDay, late: readonly Made[]): void {
  day.stored.push(...late)
  for (const made of late) stored.set(made.event.id, made)
}

/** Then it is due again a day later. */
export const hasLate = ({ days }: OldDays, n: number): boolean => (days[n]?.stored.length ?? 0) > dayEvents
