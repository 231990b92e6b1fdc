/** Those who send: plain senders that ask until they are answered, and the SDK with its spool, whose process and machine crash. */
import { createIngestLine } from '@signalbox/client/ingest-line.ts'
import { createSender, type Sender } from '@signalbox/client/sender.ts'
import type { Spool } from '@signalbox/client/spool.ts'
import { openSpool } from '@signalbox/client/spool-disk.ts'
import type { Wire } from '@signalbox/client/wire.ts'
import { createBestWire } from '@signalbox/client/wire-best.ts'
import { createRestWire } from '@signalbox/client/wire-rest.ts'
import { createMachine } from './disk.ts'
import { conflictingWith, createEvents, type Made, sentOf, spoiled } from './events.ts'
import type { Life } from './life.ts'
import type { World } from './world.ts'

export interface Agent {
  readonly name: string
  /** All that it made is answered for. */
  readonly isDone: () => boolean
  /** No further crash, no further event of the unhappy kind. */
  heal(): void
  /** Its process ends at once, or its machine; undefined where it has none that may. */
  readonly crash?: (isPower: boolean) => void
  /** Ids of events that have to be in the log, whatever crashed. */
  readonly owed: () => Iterable<string>
}

/** Tells the history of each batch and of what became of it, and holds what it was told against the database. */
function recorded(world: World, process: string, door: 'rest' | 'sdk', wire: Wire): Wire {
  return {
    ...wire,
    async send(events) {
      const call = world.history.length
      world.tell(process, { op: 'send', type: 'invoke', call, door, events: events.map(sentOf) })
      const outcome = await wire.send(events)
      if (outcome.kind === 'retry') {
        world.tell(process, { op: 'send', type: 'info', call, error: outcome.why })
        return outcome
      }
      const { accepted, duplicates, refused } = outcome
      const told = refused.map(({ index, code }) => ({ index, code, id: events[index]?.id ?? '' }))
      world.tell(process, { op: 'send', type: 'ok', call, accepted, duplicates, refused: told, durability: 'durable' })
      const no = new Set(refused.map(({ index }) => index))
      for (const [index, { id = '' }] of events.entries())
        if (!no.has(index) && !world.database.tables.ids.has(`default ${id}`)) world.violate(`${id} was acknowledged and is not on disk`)
      return outcome
    },
  }
}

/** `loops` send at the same time over one wire. */
export function startSender(world: World, name: string, door: 'rest' | 'sdk', loops: number, total: number): Agent {
  const { random } = world
  const { life, url } = world.begin(name, random.between(-60_000, 60_000))
  const rest = createRestWire(url, undefined)
  const wire = recorded(
    world,
    name,
    door,
    door === 'rest' ? rest : createBestWire(createIngestLine(url, undefined, life.clock), rest, life.clock),
  )
  const make = createEvents(world, name)
  const sent: Made[] = []
  let made = 0
  let working = loops
  let isHealed = false
  const pause = (ms: number) => new Promise<void>((resume) => life.clock.after(ms, resume))

  function batch(): Made[] {
    const events: Made[] = []
    for (let i = random.between(1, 4); i > 0 && made < total; i -= 1) {
      made += 1
      events.push(make(life))
    }
    sent.push(...events)
    if (isHealed || events.length === 0) return events
    if (random.next() < 0.2) events.push(random.pick(sent))
    if (random.next() < 0.05) events.push(conflictingWith(random.pick(sent)))
    if (random.next() < 0.05) events.splice(random.between(0, events.length), 0, spoiled(make(life)))
    return events
  }

  async function loop(): Promise<void> {
    for (let events = batch(); events.length > 0; events = batch()) {
      for (;;) {
        const outcome = await wire.send(events)
        if (outcome.kind === 'answer') break
        await pause(Math.max(outcome.afterMs, random.between(50, 1_500)))
      }
      if (random.next() < 0.1 && !isHealed) await wire.send(events)
      await pause(random.between(0, isHealed ? 100 : 2_500))
    }
    working -= 1
  }
  for (let i = 0; i < loops; i += 1) void loop().catch(world.time.crash)
  return {
    name,
    isDone: () => working === 0,
    heal() {
      isHealed = true
    },
    owed: () => [],
  }
}

/** The SDK's sender over its spool. Each life begins with what the last one left on disk. */
export function startSdk(world: World, name: string, total: number): Agent {
  const { random, bugs, time } = world
  const machine = createMachine(random, bugs.has('spool-unsynced'))
  const make = createEvents(world, name)
  const owed = new Set<string>()
  let made = 0
  let lives = 0
  let isHealed = false
  let current: { readonly life: Life; readonly sender: Sender; readonly isSpoolEmpty: () => boolean } | undefined

  /** What `append` resolved for is owed from then on. */
  function watched(spool: Spool, onOldest: (isEmpty: boolean) => void): Spool {
    return {
      ...spool,
      async append(events) {
        onOldest(false)
        await spool.append(events)
        for (const { id = '' } of events) owed.add(id)
      },
      async oldest() {
        const segment = await spool.oldest()
        onOldest(segment === undefined)
        if (segment !== undefined && bugs.has('spool-removed-early')) {
          await segment.remove()
          return { ...segment, remove: async () => {} }
        }
        return segment
      },
    }
  }

  function begin(): void {
    lives += 1
    const { life, url } = world.begin(`${name}-${lives}`, random.between(-60_000, 60_000))
    const { clock } = life
    let isEmpty = false
    const opened = openSpool('/spool', random.pick([16_000, 1 << 20]), () => {}, machine.diskOf(life))
    const sender = createSender({
      wire: recorded(world, name, 'sdk', createBestWire(createIngestLine(url, undefined, clock), createRestWire(url, undefined), clock)),
      spool: opened.then((spool) =>
        watched(spool, (is) => {
          isEmpty = is
        }),
      ),
      clock,
      flushMs: 50,
      queueEvents: random.pick([4, 1_000]),
      server: url,
      tell: () => {},
      lossEvent: () => make(life),
    })
    current = { life, sender, isSpoolEmpty: () => isEmpty }
    const emit = () => {
      if (made >= total) return
      made += 1
      sender.push(make(life))
      clock.after(random.between(10, isHealed ? 100 : 1_500), emit)
    }
    emit()
    // A process that has nothing to say still sends what an earlier one left.
    sender.hurry()
    life.onDeath(() => time.after(random.between(50, 3_000), begin))
  }
  begin()

  return {
    name,
    isDone: () =>
      made >= total && current !== undefined && current.life.isAlive() && current.sender.stats().queued === 0 && current.isSpoolEmpty(),
    heal() {
      isHealed = true
      current?.life.crashAfter(Number.POSITIVE_INFINITY)
    },
    crash(isPower) {
      if (isPower) {
        current?.life.kill()
        machine.cutPower()
      } else current?.life.crashAfter(random.between(0, 20))
    },
    owed: () => owed,
  }
}
