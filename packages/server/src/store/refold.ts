/** Folding what is in the log already: it was folded when it was committed, so an event that is refused now is a fault of this version. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyWhole } from '@signalbox/model/fold/fold.ts'
import type { Rows } from '@signalbox/model/rows.ts'
import type { Logger } from 'pino'

export type OnRefused = (event: LoggedEvent, cause: unknown) => void

/** Applies the event; one that the fold refuses is told of and left out, and costs no other. */
export function refold(rows: Rows, event: LoggedEvent, onRefused: OnRefused): void {
  try {
    applyWhole(rows, event)
  } catch (error) {
    onRefused(event, error)
  }
}

export const sayRefused =
  (log: Pick<Logger, 'error'>): OnRefused =>
  ({ id, partition, position }, cause) =>
    log.error({ err: cause, id, partition, position }, 'the fold refused an event of the log; it is left out')
