/**
 * Records of other tools as events. Pure: the same record gives the same event with the same id for ever, so that one which is sent,
 * imported or read again is a duplicate.
 */
import type { EpochMs, Event, EventInput } from './event.ts'
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

/** An event that was made here, and not read: its names and its data are the foreign record's still (`takeMade`). */
export type MadeEvent = Omit<Event, 'tenant' | 'dataJson'>

/** `digest` is for who has a faster one; ids are the same. */
export const createMake =
  (digest?: Sha256) =>
  (source: string, { foreign, type, time, run, agent, task, cause, seq, epoch, trace, data }: Draft): MadeEvent => {
    const id = foreignId(source, foreign, type, time, digest)
    return { id, source, type, time: Math.trunc(time), run, agent, task, cause, seq, epoch, trace, data }
  }
const make = createMake()

/** As it is sent. `source`, `run`, `agent`, `task`, `cause` and `trace` have to be identifiers (`identifier`). */
export const eventOf = (source: string, draft: Draft): EventInput & { readonly id: string } => inputOf(make(source, draft))

/** As a sender would have written it. */
export function inputOf({ id, source, type, time, data, ...names }: MadeEvent): EventInput & { readonly id: string } {
  const given = Object.entries(names).filter(([, value]) => value !== undefined)
  return { id, source, type, time: new Date(time).toISOString(), data, ...Object.fromEntries(given) }
}
