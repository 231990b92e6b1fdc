/** What every door of another tool's format owes, whatever comes: an answer by name, items that are its own, the same events again. */
import { limits as bounds } from '@signalbox/model/event.ts'
import { applyWhole, createRows } from '@signalbox/model/fold/fold.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import { takeMade } from '@signalbox/model/validate.ts'
import { Refused } from '@signalbox/server/http/problem.ts'
import type { Mapped } from '@signalbox/server/ingest/door.ts'
import { must } from '../fuzz.ts'

const limits = { maxDepth: bounds.dataDepth, maxKeys: bounds.dataKeys, maxStringChars: bounds.stringChars }

interface Read {
  readonly mapped: readonly Mapped[]
  readonly items: number
}

/** Answers in a word what became of a body that `read` reads, each time as a door does that has just started. */
export function doorOracle(read: () => Read): string {
  let first: Read
  try {
    first = read()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    must(Object.hasOwn(refusals, error.init.code), `${error.init.code} is one of refusals.ts`)
    must(error.init.detail.length < 2_000, 'the message is short')
    return error.init.code
  }
  const events = taken(first)
  must(JSON.stringify(taken(read())) === JSON.stringify(events), 'the same body is the same events')
  const refused = first.mapped.length - events.length
  return events.length === 0 ? (refused === 0 ? 'nothing' : 'refused') : refused === 0 ? 'taken' : 'some refused'
}

function taken({ mapped, items }: Read): readonly object[] {
  const rows = createRows()
  return mapped.flatMap((one) => {
    must(one.item >= 0 && one.item < items, 'it is of one of the items')
    if ('refused' in one) return []
    const parsed = takeMade(one.event, 'default', limits)
    if (!parsed.ok) {
      must(parsed.message.length < 2_000, 'the message is short')
      return []
    }
    applyWhole(rows, { ...parsed.event, partition: 0, position: 1, receivedAt: parsed.event.time })
    return [parsed.event]
  })
}
