/**
 * The disk of an agent's spool is full while the server is away. What the SDK kept is delivered when it is back, with its disk still as
 * small; what it dropped it counts and says. Nothing else may be missing: what was on its disk counts as acknowledged, and all that was
 * given to it as received by one more door, whose fates have to add up.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSender } from '@signalbox/client/sender.ts'
import { openSpool } from '@signalbox/client/spool-disk.ts'
import type { Wire } from '@signalbox/client/wire.ts'
import { createRestWire } from '@signalbox/client/wire-rest.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { createFleet, type Made } from '../world/fleet.ts'
import { itemOf } from '../world/poison.ts'
import { hastyClock } from '../world/sdk.ts'
import type { Fault, World } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { run } from './ext4.ts'
import { until } from './processes.ts'
import { underLoad } from './serving.ts'

const diskKiB = 64
/** Far more than its disk. */
const spoolBytes = 64 * 1_048_576
const queueEvents = 200
const burstEvents = 100
const flushMs = 100
const fillWithinMs = 20_000
const deliverWithinMs = 60_000

export const spoolFull: Fault = {
  name: 'the disk of the spool is full while the server is away',
  needs: ['root'],
  strike: (world) =>
    underLoad(world, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-spool-'))
      await run('mount', ['-t', 'tmpfs', '-o', `size=${diskKiB}k`, 'tmpfs', folder])
      try {
        const agent = startAgent(world, folder)
        try {
          await world.server.kill()
          await agent.fill()
          await world.server.start()
          return await agent.deliver()
        } finally {
          agent.end()
        }
      } finally {
        // Whatever it writes still.
        await run('umount', ['-l', folder])
        await rm(folder, { recursive: true, force: true })
      }
    }),
}

function startAgent({ proxy, random, tell }: World, folder: string) {
  const name = `spooler-${nextCall()}`
  const make = createFleet({ source: name, name, agents: 2, random, now: Date.now })
  const nextId = createIdSource(Date.now)
  /** Its events, each told as a call of its own, so that the fate of each can be told. */
  const calls = new Map<string, number>()
  const arrived = new Set<string>()
  const refusedAs = new Map<string, string>()
  let kept: ReadonlySet<string> = new Set()
  let saidDropped = 0
  let problem = ''

  function invoke(made: Made) {
    const call = nextCall()
    calls.set(made.event.id, call)
    tell({ op: 'send', type: 'invoke', call, door: 'sdk', events: [itemOf(made).sent] })
    return made.event
  }
  const rest = createRestWire(proxy.url, undefined)
  const wire: Wire = {
    ...rest,
    async send(events) {
      const outcome = await rest.send(events)
      if (outcome.kind !== 'answer') return outcome
      for (const { id = '' } of events) arrived.add(id)
      for (const { index, code } of outcome.refused) refusedAs.set(events[index]?.id ?? '', code)
      return outcome
    },
  }
  const sender = createSender({
    wire,
    spool: openSpool(folder, spoolBytes, () => undefined),
    clock: hastyClock(),
    flushMs: 50,
    queueEvents,
    server: proxy.url,
    tell: ({ message }) => {
      if (message.includes('ENOSPC')) problem = message
    },
    lossEvent(dropped) {
      saidDropped += dropped
      const time = new Date().toISOString()
      return invoke({ event: { id: nextId(), source: name, type: 'log', time, agent: name, data: { level: 'warn', dropped } } })
    },
  })

  return {
    /** Resolves when its disk is full, its queue too, and it had to drop some. */
    async fill(): Promise<void> {
      await until('the spool is full, and events are dropped', fillWithinMs, async () => {
        for (let n = 0; n < burstEvents; n += 1) sender.push(invoke(make()))
        await sender.flush(flushMs)
        const { spooled, dropped } = sender.stats()
        return spooled > 0 && dropped > 0 && problem !== ''
      })
      kept = await idsIn(folder)
    },
    async deliver(): Promise<string> {
      await until('all that was kept is delivered, and all that was dropped is said', deliverWithinMs, async () => {
        await sender.flush(flushMs)
        const { queued, spooled, dropped } = sender.stats()
        return queued === 0 && spooled === 0 && saidDropped === dropped
      })
      const { dropped } = sender.stats()
      return `${problem}: of ${calls.size} events ${kept.size} were on the disk; ${arrived.size} were delivered later, ${dropped} dropped and said to be`
    },
    /** Tells what became of each event, as the SDK has it. */
    end() {
      const { unsent } = sender.end()
      const { sent, duplicates, dropped } = sender.stats()
      const owed = [...calls].filter(([id]) => arrived.has(id) || kept.has(id))
      for (const [id, call] of calls)
        if (!arrived.has(id) && !kept.has(id)) tell({ op: 'send', type: 'info', call, error: 'dropped, or not sent' })
      for (const [i, [id, call]] of owed.entries()) {
        const code = refusedAs.get(id)
        const refused = code === undefined ? [] : [{ index: 0, id, code }]
        // Its batches are told apart by nobody: one call has all counts.
        const counts = i === 0 ? { accepted: sent, duplicates } : { accepted: 0, duplicates: 0 }
        tell({ op: 'send', type: 'ok', call, ...counts, refused, durability: 'durable' })
      }
      const fates = { received: calls.size - unsent, stored: arrived.size, duplicate: 0, refused: dropped, quarantined: 0 }
      // Without a full disk nobody looked at what it kept.
      if (kept.size > 0) tell({ op: 'final', type: 'ok', what: 'fates', door: `SDK, of ${name}`, ...fates })
    },
  }
}

/** Of all events that are whole on the disk. */
async function idsIn(folder: string): Promise<ReadonlySet<string>> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.spool'))
  const texts = await Promise.all(
    files.map((name) =>
      readFile(join(folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
        // One that was begun, of which nothing fits, is taken back while we look.
        if (error.code === 'ENOENT') return ''
        throw error
      }),
    ),
  )
  return new Set(texts.flatMap((text) => [...text.matchAll(/"id":"([^"]+)".*\n/g)].map(([, id = '']) => id)))
}
