/**
 * Records of other tools as events. Pure: the same record gives the same event with the same id for ever, so that one which is sent,
 * imported or read again is a duplicate.
 */
import type { EpochMs, EventInput } from './event.ts'
import { foreignId, type Sha256 } from './ids.ts'

/**
 * The silence that is announced for agents of other tools, which send no heartbeats: after three of them one is taken for lost, and its
 * open calls and tasks for orphaned, until it speaks again.
 */
export const silenceMs = 5 * 60_000

export interface Draft {
  /** The tool's own name of the record (and of the part of it), unique within its source. */
  readonly foreign: string
  readonly type: string
  readonly time: EpochMs
  readonly run?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly cause?: string | undefined
  readonly seq?: number | undefined
  readonly epoch?: number | undefined
  readonly trace?: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/** `source`, `run`, `agent`, `task`, `cause` and `trace` have to be identifiers (`identifier`). */
export type EventOf = (source: string, draft: Draft) => EventInput & { readonly id: string }

/** `digest` is for who has a faster one; ids are the same. */
export const createEventOf =
  (digest?: Sha256): EventOf =>
  (source, draft) => {
    const { foreign, type, time, run, agent, task, cause, seq, epoch, trace, data } = draft
    const id = foreignId(source, foreign, type, time, digest)
    const event: EventInput & { id: string } = { id, source, type, time: new Date(time).toISOString(), data }
    // One by one, not by a loop over their names: this runs for every event of every door.
    if (run !== undefined) event.run = run
    if (agent !== undefined) event.agent = agent
    if (task !== undefined) event.task = task
    if (cause !== undefined) event.cause = cause
    if (seq !== undefined) event.seq = seq
    if (epoch !== undefined) event.epoch = epoch
    if (trace !== undefined) event.trace = trace
    return event
  }

export const eventOf = createEventOf()
