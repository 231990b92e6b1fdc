/** What a server makes of events that come in this order. */
import type { EventInput } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

/** Rows of each table, in the order of their ids. */
export function folded(events: readonly EventInput[]): { readonly [T in Table]: readonly RowOf[T][] } {
  const rows = createRows()
  for (const [index, input] of events.entries()) {
    const parsed = parseEvent(input, 'default', limits, () => {
      throw new Error(`An event has no id: ${JSON.stringify(input)}`)
    })
    if (!parsed.ok) throw new Error(`${parsed.message} ${JSON.stringify(input)}`)
    applyEvent(rows, { ...parsed.event, partition: 0, position: index + 1, receivedAt: parsed.event.time })
  }
  const of = (table: Table) =>
    [...rows.entries()].flatMap(([name, key, row]) => (name === table ? [{ key, row }] : [])).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return Object.fromEntries(tables.map((table) => [table, of(table).map(({ row }) => row)])) as never
}
