/** Folding what is in the log already: it was folded when it was committed, so an event that is refused now is a fault of this version. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyWhole } from '@signalbox/model/fold/fold.ts'
import type { Rows } from '@signalbox/model/rows.ts'
import type { Logger } from 'pino'

type Log = Pick<Logger, 'error'>

/** Applies the event; one that the fold refuses is said and left out, and costs no other. */
export function refold(rows: Rows, event: LoggedEvent, log: Log): void {
  try {
    applyWhole(rows, event)
  } catch (error) {
    sayRefused(log, event, error)
  }
}

export function sayRefused(log: Log, { id, partition, position }: LoggedEvent, cause: unknown): void {
  log.error({ err: cause, id, partition, position }, 'the fold refused an event of the log; it is left out')
}
