/** What a live WebSocket client says, in its frames and in the query of its URL; and what its filter lets through. */

import { createDice } from '@signalbox/cli/demo/dice.ts'
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { type BadFrame, checkClientFrame, parseClientFrame } from '@signalbox/server/live/client-frame.ts'
import { filterKey, matchesEvent, matchesRow, mayHaveMatched, placeLeft } from '@signalbox/server/live/filter.ts'
import { heldCursor, subscribeOfUrl } from '@signalbox/server/live/query.ts'
import { fleetOf } from '../events.ts'
import { must, type Target, utf8 } from '../fuzz.ts'

const bounds = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const rows = createRows()
const events: LoggedEvent[] = fleetOf(createDice(1), { producers: 3, runs: 3, events: 40, from: Date.UTC(2026, 1, 28, 10), name: 'x' })
  .flat()
  .flatMap((input, n) => {
    const parsed = parseEvent(input, 'default', bounds, () => '')
    return parsed.ok ? [{ ...parsed.event, partition: 0, position: n + 1, receivedAt: parsed.event.time }] : []
  })
for (const event of events) applyEvent(rows, event)

const frames = [
  { kind: 'ping' },
  { kind: 'ack', bytes: 1_000 },
  { kind: 'unsubscribe', sub: 's1' },
  { kind: 'subscribe', ref: 'a', feed: 'events' },
  { kind: 'subscribe', ref: 'a', feed: 'events', from: 'start', filter: { type: ['tool.*', 'log'], run: ['run-1'] } },
  { kind: 'subscribe', ref: 'a', feed: 'state', filter: { task: ['task-1'], agent: ['agent-1', 'agent-2'] }, cursor: 'AQAAAAABAgM' },
]
const queries = [
  '?feed=events&type=tool.*&run=run-1&run=run-2',
  '?feed=state&cursor=AQAAAAABAgM',
  '?credit=5',
  '?feed=events&from=start&x=1',
]

export const liveFrame: Target = {
  name: 'live-frame',
  expects: ['ping', 'ack', 'unsubscribe', 'subscribe', 'bad', 'bad, of one subscription', 'no subscription'],
  seeds: () => [...frames.map((frame) => utf8(JSON.stringify(frame))), ...queries.map(utf8)],
  check(input) {
    const text = Buffer.from(input).toString()
    if (!text.startsWith('?')) return outcomeOf(parseClientFrame(text))
    if (!URL.canParse(`/v1/live${text}`, 'http://localhost')) return 'no URL'
    const frame = subscribeOfUrl(new URL(`/v1/live${text}`, 'http://localhost'))
    return frame === undefined ? 'no subscription' : outcomeOf(checkClientFrame(frame))
  },
}

function outcomeOf(frame: ReturnType<typeof parseClientFrame>): string {
  if (frame.kind === 'bad') return badOutcome(frame)
  const again = parseClientFrame(JSON.stringify(frame))
  must(JSON.stringify(again) === JSON.stringify(frame), 'what is understood is understood again')
  if (frame.kind === 'subscribe') {
    const { filter = {}, cursor } = frame
    const held = heldCursor(cursor)
    must(held === undefined || Array.isArray(held.cursor?.positions ?? []), 'a cursor is none or has positions')
    judgeFilter(filter)
  }
  return frame.kind
}

function badOutcome({ message, ref }: BadFrame): string {
  must(message.length > 0 && message.length < 300, 'what is wrong is said in a sentence')
  return ref === undefined ? 'bad' : 'bad, of one subscription'
}

/** Turned and doubled it means the same; and a row that passes may have passed. */
function judgeFilter(filter: Filter): void {
  for (const values of Object.values(filter))
    must(!values.some((value: string) => value.includes('\u0000')), 'PostgreSQL can be asked for it')
  const other = Object.fromEntries(Object.entries(filter).map(([name, values]) => [name, [...values, ...values].reverse()])) as Filter
  must(filterKey(filter) === filterKey(other), 'the same filter has the same key')
  for (const event of events)
    must(matchesEvent(filter, event) === matchesEvent(other, event), 'the same filter lets the same events through')
  for (const [table, , row] of rows.entries()) {
    must(!matchesRow(filter, table, row) || mayHaveMatched(filter, table, row), 'a row that passes may have passed before')
    must(!placeLeft(table, row, row), 'a row that is the same has not moved')
  }
}
