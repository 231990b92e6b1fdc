/** Peace: senders finish what they owe, readers reach the end of the log, and everything is read. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { contentHash } from '../history/content.ts'
import type { Told } from '../history/history.ts'
import { placeOf } from './events-observer.ts'
import { lagOf, readQuarantine, readStore, residentMiB, tellFates, tellLive, underWayOf } from './final.ts'
import type { LifeCounts } from './life-counts.ts'
import type { Observers } from './observers.ts'
import { pagesOf } from './pages-reader.ts'
import { type Sender, sleep } from './sender.ts'
import type { World } from './world.ts'

/** What the history cannot say, as who did not come to an end. */
export interface Shortcoming {
  readonly law: string
  readonly what: string
}

interface SettleParts {
  readonly counts: LifeCounts
  readonly world: World
  readonly producers: readonly Sender[]
  readonly observers: Observers
  readonly tell: (process: string, entry: Told) => void
}

const finishWithinMs = 90_000
const reachWithinMs = 30_000
const lockWithinMs = 1_000
const lookMs = 100

const within = (ms: number, ...all: Promise<unknown>[]) => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return Promise.race([Promise.all(all).then(() => true as const), late]).finally(() => clearTimeout(timer))
}

async function until(ms: number, is: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(lookMs)) if (await is()) return true
  return is()
}

export async function settleAndRead({ world, producers, observers, counts, tell }: SettleParts): Promise<readonly Shortcoming[]> {
  const { server } = world
  const findings: Shortcoming[] = []
  const find = (law: string, what: string) => findings.push({ law, what })
  const final = (entry: Told) => tell('final', entry)

  await within(finishWithinMs, ...producers.map((producer) => producer.finish()))
  for (const producer of producers) {
    if (producer.owes() > 0) find('liveness', `${producer.name} owes ${producer.owes()} batches ${finishWithinMs} ms after all was healed.`)
    producer.abandon()
  }
  const ackMs = await probe(server.url, tell)
  if (!(await until(reachWithinMs, async () => (await lagOf(server)) === 0))) find('liveness', 'Consumers of the log lag behind.')
  const { heads, events: stored } = await readStore(server.dataFolder, final)
  const readers = [
    ...observers.events.map((observer, i) => ({ name: `Observer ${i} of the events`, reached: observer.reached })),
    ...observers.states.map(({ name, reader }) => ({ name, reached: reader.reached })),
  ]
  // All have the same time: those that never come are not waited for one after the other.
  await until(reachWithinMs, () => readers.every(({ reached }) => reached(heads)))
  for (const { name, reached } of readers) if (!reached(heads)) find('liveness', `${name} did not reach the end of the log.`)
  for (const { name, reader } of observers.states) tellLive(reader.rows, (entry) => tell(name, entry))

  await readQuarantine(server.url, final)
  let paged = 0
  tell('pages-all', { op: 'observe', type: 'invoke', transport: 'pages', after: null })
  for await (const page of pagesOf<StoredEvent>(server.url, '/v1/events')) {
    paged += page.length
    tell('pages-all', { op: 'observe', type: 'ok', places: page.map(placeOf) })
  }
  if (paged !== stored) find('pages', `The pages of /v1/events have ${paged} events, the log has ${stored}.`)

  // Who gave up waiting may have left a request that waits on.
  await until(reachWithinMs, async () => (await underWayOf(server)) === 0)
  await tellFates(server.url, final)
  // A writer of rows and one of the log may wait for each other for a moment at any time. What is left is waited for at every look.
  let locks = 0
  await until(lockWithinMs, async () => {
    const [waits] = await world.database.query<{ count: string }>('select count(*) from pg_locks where not granted')
    locks = Number(waits?.count ?? 0)
    return locks === 0
  })
  const health = { ackMs, lag: await lagOf(server), locks, rssMiB: await residentMiB(server.pid()) }
  final({ op: 'final', type: 'ok', what: 'health', ...health })

  const sum = (of: (sender: Sender) => number) => producers.reduce((total, sender) => total + of(sender), 0)
  const sight = (name: 'duplicate-suppressed' | 'ambiguous-ack' | 'fence-rejection' | 'resync' | 'late-event', times: number) =>
    tell('world', { op: 'sight', type: 'ok', sight: name, times })
  sight(
    'duplicate-suppressed',
    sum(({ seen }) => seen.duplicates),
  )
  sight(
    'ambiguous-ack',
    sum(({ seen }) => seen.ambiguous),
  )
  sight(
    'late-event',
    sum(({ seen }) => seen.late),
  )
  sight(
    'resync',
    [...observers.events, ...observers.states.map(({ reader }) => reader)].reduce((total, of) => total + of.resyncs(), 0),
  )
  await counts.close()
  sight('fence-rejection', counts.fenced())
  final({ op: 'final', type: 'ok', what: 'not-kept', items: counts.notKept() })
  return findings
}

/** ms until one event more is durable. */
async function probe(url: string, tell: SettleParts['tell']): Promise<number> {
  const event = { id: uuidv7(Date.now()), source: 'probe', type: 'log', time: new Date().toISOString(), agent: 'probe', data: {} }
  tell('probe', {
    op: 'send',
    type: 'invoke',
    call: 1,
    door: 'rest',
    events: [{ id: event.id, source: event.source, hash: contentHash(event) }],
  })
  const startedAt = performance.now()
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(30_000),
  })
  const ackMs = Math.round(performance.now() - startedAt)
  const { accepted, duplicates, durability } = (await response.json()) as { accepted: number; duplicates: number; durability: 'durable' }
  tell('probe', { op: 'send', type: 'ok', call: 1, accepted, duplicates, refused: [], durability })
  return ackMs
}
