/**
 * Hooks that were answered and are not yet stored: an agent waits for its answer, and must not wait for the store.
 *
 * In: events of one hook. Out: batches to `deliver`, in order, tried again until they are stored. Promises: bounded in hooks and bytes;
 * what does not fit is dropped, and dropping is counted, logged, and told in the log of its session once hooks flow again.
 */

import { runOf } from '@signalbox/model/claude-code.ts'
import type { TenantId } from '@signalbox/model/event.ts'
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { Unavailable } from '../../broker/broker.ts'
import type { Clock } from '../../clock.ts'
import { isStoreAway } from '../../http/problem.ts'
import type { Metrics } from '../../ops/metrics.ts'
import type { DeliverOptions, Mapped } from '../door.ts'
import { eventOf } from '../event-of.ts'
import { agentIn } from './hook.ts'
import { sourceOf } from './mapping.ts'
import { trim } from './sessions.ts'

type DropReason = 'full' | 'stopped' | 'key' | 'fault'

export interface Waiting {
  readonly tenant: TenantId
  /** Undefined of a body that is no hook. */
  readonly session: string | undefined
  readonly mapped: readonly Mapped[]
  /** Whether its caller may still send; undefined of who needs no key. Rejects while that cannot be known. */
  readonly mayEnter: (() => Promise<boolean>) | undefined
}

export interface QueueOptions {
  readonly deliver: (mapped: readonly Mapped[], options: DeliverOptions) => Promise<unknown>
  readonly door: string
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'hooksDropped' | 'hooksQueued'>
  readonly onDropping: (reason: DropReason) => void
  /** Hooks flow again, and so many were dropped; or the server stops, and drops so many. */
  readonly onDropped: (hooks: number) => void
  readonly onFault: (error: unknown) => void
  readonly mostHooks?: number
  readonly mostBytes?: number
}

export interface HookQueue {
  /** False: it was dropped. */
  put(hook: Waiting): boolean
  /** Resolves when all of it is stored, or drops the rest after `withinMs`. */
  stop(withinMs: number): Promise<void>
}

/** A busy session has some hooks a second: minutes of a hundred sessions. */
const mostHooks = 20_000
const mostBytes = 32 * 1024 * 1024
/** What an event holds beside its data's text, about. */
const eventBytes = 400
const mostOfBatch = 200
const firstPauseMs = 50
const longestPauseMs = 2_000
/** A batch that fails and not for want of the store is given up after so many tries. */
const mostFaults = 5
/** Sessions whose losses are told apart. */
const mostLosing = 1_000

interface Queued extends Waiting {
  readonly bytes: number
}

export function createHookQueue(options: QueueOptions): HookQueue {
  const { deliver, door, clock, metrics, onDropping, onDropped, onFault } = options
  const held: Queued[] = []
  let bytes = 0
  let isDraining = false
  let hasEnded = false
  let wake = () => {}
  let done = () => {}
  const losses = new Map<string, { readonly tenant: TenantId; readonly session: string; hooks: number; readonly since: number }>()
  /** Since hooks flowed last. */
  let dropped = 0

  function drop({ tenant, session }: Waiting, reason: DropReason) {
    metrics.hooksDropped.inc({ reason })
    dropped += 1
    if (dropped === 1) onDropping(reason)
    if (session === undefined || reason === 'key') return
    const key = `${tenant}/${session}`
    const loss = losses.get(key) ?? { tenant, session, hooks: 0, since: clock.now() }
    loss.hooks += 1
    losses.set(key, loss)
    trim(losses, mostLosing)
  }

  function hold(hook: Queued) {
    held.push(hook)
    bytes += hook.bytes
    metrics.hooksQueued.set(held.length)
  }

  /** Behind what waits: those hooks came before the loss was over. */
  function tellLosses() {
    if (dropped > 0) onDropped(dropped)
    dropped = 0
    for (const [key, { tenant, session, hooks, since }] of losses) {
      losses.delete(key)
      const event = lossEvent(session, hooks, since, clock.now())
      hold({ tenant, session, mapped: [{ item: 0, event }], mayEnter: undefined, bytes: eventBytes })
    }
  }

  async function drain() {
    isDraining = true
    for (let tries = 0, faults = 0; held.length > 0 && !hasEnded; ) {
      const batch = firstOf(held)
      try {
        await send(batch)
        tries = 0
        faults = 0
        if (hasEnded) break
        remove(batch.length)
        tellLosses()
      } catch (error) {
        if (!isAway(error)) {
          onFault(error)
          faults += 1
        }
        if (faults === mostFaults) {
          faults = 0
          for (const hook of batch) drop(hook, 'fault')
          remove(batch.length)
        } else await pause(tries++)
      }
    }
    isDraining = false
    done()
  }

  async function send(batch: readonly Queued[]) {
    const [first] = batch
    if (first === undefined) return
    const { tenant, mayEnter } = first
    if (mayEnter === undefined || (await mayEnter())) await deliver(numbered(batch), { tenant, door })
    else for (const hook of batch) drop(hook, 'key')
  }

  function remove(count: number) {
    for (const hook of held.splice(0, count)) bytes -= hook.bytes
    metrics.hooksQueued.set(held.length)
  }

  const pause = (tries: number) =>
    new Promise<void>((resume) => {
      const cancel = clock.after(Math.min(longestPauseMs, firstPauseMs * 2 ** tries), resume)
      wake = () => {
        cancel()
        resume()
      }
    })

  return {
    put(hook) {
      const size = hook.mapped.reduce((sum, mapped) => sum + sizeOf(mapped), 0)
      if (hasEnded || held.length >= (options.mostHooks ?? mostHooks) || bytes + size > (options.mostBytes ?? mostBytes)) {
        drop(hook, hasEnded ? 'stopped' : 'full')
        return false
      }
      hold({ ...hook, bytes: size })
      if (!isDraining) void drain()
      return true
    },
    async stop(withinMs) {
      wake()
      const drained = isDraining ? new Promise<void>((resume) => (done = resume)) : Promise.resolve()
      let cancel = () => {}
      const late = new Promise<void>((resume) => {
        cancel = clock.after(withinMs, resume)
      })
      await Promise.race([drained, late])
      cancel()
      hasEnded = true
      wake()
      const left = held.length
      if (left === 0) return
      metrics.hooksDropped.inc({ reason: 'stopped' }, left)
      onDropped(left)
      remove(left)
    },
  }
}

/** Those at the front that one caller sent. */
function firstOf(held: readonly Queued[]): readonly Queued[] {
  const [first] = held
  const end = held.findIndex((hook, at) => at === mostOfBatch || hook.tenant !== first?.tenant || hook.mayEnter !== first?.mayEnter)
  return end === -1 ? held.slice() : held.slice(0, end)
}

const numbered = (batch: readonly Queued[]): Mapped[] => batch.flatMap(({ mapped }, item) => mapped.map((one) => ({ ...one, item })))

const sizeOf = (mapped: Mapped): number =>
  eventBytes + ('event' in mapped ? JSON.stringify(mapped.event.data).length : String(mapped.value).length)

const isAway = (error: unknown) => error instanceof Unavailable || (error instanceof Error && isStoreAway(error))

function lossEvent(session: string, hooks: number, since: number, now: number): MadeEvent {
  return eventOf(sourceOf(session), {
    foreign: `lost since ${since}`,
    type: 'log',
    time: now,
    run: runOf(session),
    agent: agentIn(session),
    data: {
      level: 'warn',
      message: `${hooks} hooks of this session were dropped: the store did not take them in time.`,
      lost: hooks,
      since: new Date(since).toISOString(),
      derived: true,
    },
  })
}
