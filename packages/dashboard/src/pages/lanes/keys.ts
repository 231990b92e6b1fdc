/** Keys of rows, as the address and the lists have them. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { CallRow, TaskRow } from '@signalbox/model/rows.ts'

/** A row keeps its identity until it changes: what was made of it is kept with it. */
export function keptWith<Row extends object, Made>(make: (row: Row) => Made): (row: Row) => Made {
  const made = new WeakMap<Row, Made>()
  return (row) => {
    const held = made.get(row)
    if (held !== undefined) return held
    const fresh = make(row)
    made.set(row, fresh)
    return fresh
  }
}

export const callKey = keptWith(({ run, kind, id }: CallRow): string => rowKey.call(run, kind, id))
export const taskKey = keptWith(({ run, id }: TaskRow): string => rowKey.task(run, id))
