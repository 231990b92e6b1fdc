/** One producer: it makes batches at its rate, and sends each, with the same ids, until it is acknowledged. What it sees goes into the history. */
import type { Told } from '../history/history.ts'
import type { Made } from './fleet.ts'
import type { Line } from './line.ts'
import { createPoison, type Item, itemOf, reusedId } from './poison.ts'
import { shuffled } from './random.ts'
import type { Random } from './world.ts'

/** How a producer behaves. All shares are of 1. */
export interface Manners {
  readonly eventsPerSecond: number
  /** Most events of a batch. */
  readonly batchEvents: number
  /** Batches under way at once. */
  readonly window: number
  /** Of acknowledged batches: sent again, or an older one is. */
  readonly duplicateShare: number
  /** Of events: something wrong is sent beside it. */
  readonly poisonShare: number
  /** Of events: kept back for some seconds. */
  readonly lateShare: number
  /** Events within which order is lost; 0: none. */
  readonly shuffleEvents: number
  /** Its clock is so wrong that all it says has to be refused. */
  readonly isRefused?: boolean
  /** Its clock is hours behind: all it says is late. */
  readonly isLate?: boolean
}

export interface SenderSeen {
  acknowledged: number
  duplicates: number
  ambiguous: number
  late: number
}

export interface Sender {
  readonly name: string
  readonly seen: Readonly<SenderSeen>
  /** Makes nothing new; resolves when all that it owes is acknowledged. */
  finish(): Promise<void>
  /** Batches not acknowledged. */
  owes(): number
  /** Leaves what it owes. */
  abandon(): void
}

export interface SenderParts {
  readonly name: string
  readonly line: Line
  readonly next: () => Made
  readonly manners: Manners
  readonly random: Random
  readonly tell: (entry: Told) => void
  readonly onAcknowledged: (events: number) => void
}

const remembered = 200
const olderBatches = 20
const lateMs = [3_000, 12_000] as const
/** Of events: the same twice in one batch. */
const twiceShare = 0.01
const firstRetryMs = 20
const longestRetryMs = 1_000
/** Behind its rate by more than this, a sender lets the rest go: an outage is not followed by a flood. */
const mostBehindMs = 500

export const sleep = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms))

export function startSender({ name, line, next, manners, random, tell, onAcknowledged }: SenderParts): Sender {
  const seen: SenderSeen = { acknowledged: 0, duplicates: 0, ambiguous: 0, late: 0 }
  const stored: Made[] = []
  const sentBefore: Item[][] = []
  const held: { readonly made: Made; readonly dueAt: number }[] = []
  const made = new Map<string, Made>()
  const late = new Set<string>()
  const underWay = new Set<Promise<void>>()
  let pool: Made[] = []
  let going = true
  let insists = true
  let calls = 0
  let wrongs = 0

  function nextMade(): Made {
    if (manners.shuffleEvents === 0) return next()
    if (pool.length === 0) pool = shuffled(Array.from({ length: manners.shuffleEvents }, next), random)
    return pool.pop() ?? next()
  }

  function makeBatch(): Item[] {
    const items: Item[] = []
    const put = (one: Made) => {
      made.set(one.event.id, one)
      const item = itemOf(one, manners.isRefused)
      items.push(item)
      if (random.next() < twiceShare) items.push(item)
    }
    while (held[0] !== undefined && held[0].dueAt <= Date.now()) {
      const [first] = held.splice(0, 1)
      if (first !== undefined) put(first.made)
    }
    for (let count = random.between(1, manners.batchEvents); count > 0; count -= 1) {
      const one = nextMade()
      if (manners.isLate) late.add(one.event.id)
      if (random.next() < manners.lateShare) {
        late.add(one.event.id)
        held.push({ made: one, dueAt: Date.now() + random.between(...lateMs) })
      } else put(one)
      if (random.next() >= manners.poisonShare) continue
      const reused = random.next() < 0.2 && stored.length > 0 ? random.pick(stored) : undefined
      items.push(reused === undefined ? createPoison(one, line.encoding, random) : reusedId(reused, ++wrongs))
    }
    // By chance as well, and once for sure.
    if (wrongs === 0 && stored.length > 0) items.push(reusedId(random.pick(stored), ++wrongs))
    return items
  }

  async function deliver(items: readonly Item[]): Promise<void> {
    for (let failures = 0; failures === 0 || insists; failures += 1) {
      calls += 1
      const call = calls
      tell({ op: 'send', type: 'invoke', call, door: line.door, events: items.map(({ sent }) => sent) })
      const ending = await line.send(items.map(({ json }) => json))
      tell({ op: 'send', call, ...ending } as Told)
      if (ending.type === 'ok') {
        seen.duplicates += ending.duplicates
        return settle(items, new Set(ending.refused.map(({ index }) => index)))
      }
      if (ending.type === 'info') seen.ambiguous += 1
      await sleep(random.next() * Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 10)))
    }
  }

  function settle(items: readonly Item[], refused: ReadonlySet<number>) {
    let fresh = 0
    items.forEach(({ sent: { id } }, index) => {
      if (refused.has(index)) return
      const one = made.get(id)
      if (one === undefined || !made.delete(id)) return
      fresh += 1
      stored.push(one)
      if (late.delete(id)) seen.late += 1
    })
    if (stored.length > remembered) stored.splice(0, stored.length - remembered)
    seen.acknowledged += fresh
    onAcknowledged(fresh)
  }

  async function serve(items: Item[]) {
    await deliver(items)
    sentBefore.push(items)
    if (sentBefore.length > olderBatches) sentBefore.shift()
    if (going && random.next() < manners.duplicateShare) await deliver(random.next() < 0.75 ? items : random.pick(sentBefore))
  }

  async function run() {
    let dueAt = performance.now() + random.next() * 200
    while (going) {
      await sleep(Math.max(0, dueAt - performance.now()))
      while (going && underWay.size >= manners.window) await Promise.race(underWay)
      if (!going) break
      const items = makeBatch()
      dueAt = Math.max(dueAt, performance.now() - mostBehindMs) + (items.length / manners.eventsPerSecond) * 1_000
      const serving: Promise<void> = serve(items).finally(() => underWay.delete(serving))
      underWay.add(serving)
    }
    const rest = held.map((kept) => kept.made)
    if (rest.length > 0 && insists) underWay.add(deliver(rest.map((one) => putLate(one))))
    await Promise.all(underWay)
    underWay.clear()
  }
  function putLate(one: Made): Item {
    made.set(one.event.id, one)
    return itemOf(one, manners.isRefused)
  }
  const running = run()

  return {
    name,
    seen,
    async finish() {
      going = false
      await running
      line.close()
    },
    owes: () => underWay.size,
    abandon() {
      going = false
      insists = false
      line.close()
    },
  }
}
