/**
 * Readers of days that are being sealed: each walks over them by another order, page after page, and again from the begin until it is
 * told to end. What was acknowledged when a walk began has to be in it, and nothing twice.
 */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { firstIdOf } from '@signalbox/model/ids.ts'
import { placeOf } from '../world/events-observer.ts'
import { positionsOf } from '../world/feed.ts'
import { getJson } from '../world/pages-reader.ts'
import type { World } from '../world/world.ts'
import type { OldDays } from './old-days.ts'
import { pause } from './processes.ts'

const retryMs = 50
/** Without an answer: the server may be on its way back. */
const giveUpMs = 60_000
const pageEvents = [300, 1_000] as const
/** They look on, and leave the server to those who send. */
const betweenPagesMs = 60

interface Walk {
  readonly pages: AsyncIterable<readonly StoredEvent[]>
  /** Of what is acknowledged of the days: what it has to come by. */
  readonly expects: (event: { readonly run?: string | undefined }) => boolean
}

const orders = { position: byPosition, run: byRun, time: byTime } as const
type Order = keyof typeof orders

export interface Readers {
  /** Resolves when each has ended a walk: how many by each order. Rejects with what a walk missed or had twice. */
  end(): Promise<Readonly<Record<Order, number>>>
}

export function readOldDays(world: World, old: OldDays): Readers {
  const walks = { position: 0, run: 0, time: 0 }
  let going = true
  const reading = Promise.all(
    (Object.keys(orders) as Order[]).map(async (order) => {
      const isEnough = () => !going && walks[order] > 0
      while (!isEnough()) if (await walk(order, world, old, isEnough)) walks[order] += 1
    }),
  )
  // Who waits for it hears of it.
  reading.catch(() => undefined)
  return {
    async end() {
      going = false
      await reading
      return walks
    },
  }
}

/** Answers whether it came to its end. */
async function walk(order: Order, world: World, old: OldDays, isEnough: () => boolean): Promise<boolean> {
  // As it is now: what comes later may be behind the reader.
  const known = [...old.stored.values()]
  const { pages, expects } = orders[order](world, old)
  const seen = new Set<string>()
  world.tell({ op: 'observe', type: 'invoke', transport: 'pages', after: null })
  for await (const events of pages) {
    world.tell({ op: 'observe', type: 'ok', places: events.map(placeOf) })
    for (const { id } of events) {
      if (seen.has(id)) throw new Error(`A reader by ${order} was given ${id} twice.`)
      seen.add(id)
    }
    if (isEnough()) return false
    await pause(betweenPagesMs)
  }
  const missed = known.filter(({ event }) => expects(event) && !seen.has(event.id)).map(({ event }) => event.id)
  if (missed.length > 0) throw new Error(`A reader by ${order} missed ${missed.length} events of ${seen.size}, of them ${missed[0]}.`)
  return true
}

/** As the log grew: what a feed gives who comes back. */
function byPosition(world: World, { cursor }: OldDays): Walk {
  async function* pages() {
    const goal = positionsOf((await get<{ cursor: string }>(world, '/v1/poll?wait=0')).cursor).positions
    for (let at = cursor; positionsOf(at).positions.some((position, partition) => position < (goal[partition] ?? 0)); ) {
      const path = `/v1/poll?wait=0&limit=${world.random.between(...pageEvents)}&cursor=${encodeURIComponent(at)}`
      const answer = await get<{ cursor: string; frames: readonly { readonly kind: string; readonly items?: readonly StoredEvent[] }[] }>(
        world,
        path,
      )
      for (const { kind, items = [] } of answer.frames) {
        if (kind === 'gap' || kind === 'resync') throw new Error(`A reader by position was told of a ${kind}.`)
        yield items
      }
      at = answer.cursor
    }
  }
  return { pages: pages(), expects: () => true }
}

/** One run, in the order of the log. */
function byRun(world: World, { days }: OldDays): Walk {
  const runs = days.flatMap(({ stored }) => world.random.pick(stored).event.run ?? [])
  const run = runs.length === 0 ? undefined : world.random.pick(runs)
  return { pages: listed(world, `/v1/events?run=${run}`), expects: (event) => event.run === run }
}

/** In the order of ids: the days are the oldest there are. */
function byTime(world: World, { days }: OldDays): Walk {
  const end = firstIdOf(Math.max(...days.map(({ to }) => to)))
  async function* pages() {
    for await (const events of listed(world, '/v1/events?order=asc')) {
      yield events
      if (events.some(({ id }) => id >= end)) return
    }
  }
  return { pages: pages(), expects: () => true }
}

async function* listed(world: World, path: string): AsyncGenerator<readonly StoredEvent[]> {
  let cursor: string | null = null
  do {
    const limit = world.random.between(...pageEvents)
    const page: { readonly items: readonly StoredEvent[]; readonly next: string | null } = await get(
      world,
      `${path}&limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    yield page.items
    cursor = page.next
  } while (cursor !== null)
}

/** The same once more until it is answered. */
async function get<T>({ server }: World, path: string): Promise<T> {
  for (const end = performance.now() + giveUpMs; ; await pause(retryMs)) {
    try {
      return await getJson<T>(`${server.url}${path}`)
    } catch (error) {
      if (performance.now() > end) throw error
    }
  }
}
