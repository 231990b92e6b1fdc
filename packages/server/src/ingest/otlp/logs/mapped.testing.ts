/** Log records by hand, and what comes of them: events as the log takes them, and the rows they fold into. */
import type { EventInput } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import type { Mapped } from '../../door.ts'
import type { Attributes, Decoded, LogRecord } from '../otlp.ts'

export const receivedAt = Date.UTC(2026, 8, 1, 12)

export interface Made extends Partial<Omit<LogRecord, 'attributes'>> {
  readonly attributes?: Attributes
}

const empty: Attributes = Object.create(null)
const recordOf = (made: Made): LogRecord => ({
  ...{ time: receivedAt, severity: 0, severityText: '', eventName: '', body: null, attributes: empty },
  ...made,
})

export const logsOf = (records: readonly Made[], resource: Attributes = empty, scope = ''): Decoded<LogRecord> => ({
  groups: [{ resource: { attributes: resource }, scope: { name: scope, version: '', attributes: empty }, items: records.map(recordOf) }],
  bad: [],
})

/** As Claude Code writes a record, at `ms` of the test's day. */
export const claudeRecord = (name: string, ms: number, attributes: Attributes, session = 'f00dbabe-0000-4000-8000-000000000001'): Made => ({
  time: receivedAt + ms,
  body: `claude_code.${name}`,
  eventName: name,
  attributes: { 'session.id': session, 'event.name': name, ...attributes },
})

export const eventsOf = (mapped: readonly Mapped[]): EventInput[] => mapped.flatMap((one) => ('event' in one ? [inputOf(one.event)] : []))
export const refusedOf = (mapped: readonly Mapped[]) =>
  mapped.flatMap((one) => ('refused' in one ? [{ item: one.item, ...one.refused }] : []))

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
/** Throws where the log would refuse one of them: for its form, or because another one has its id. */
export function foldOf(inputs: readonly EventInput[]) {
  const rows = createRows()
  const seen = new Map<string, string>()
  let position = 0
  for (const input of inputs) {
    const parsed = parseEvent(input, 'default', limits, () => {
      throw new Error('An event of a door has an id.')
    })
    if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`)
    const content = JSON.stringify(parsed.event)
    const before = seen.get(parsed.event.id)
    if (before !== undefined && before !== content) throw new Error(`ID_REUSED: ${before} ${content}`)
    if (before !== undefined) continue
    seen.set(parsed.event.id, content)
    position += 1
    applyEvent(rows, { ...parsed.event, partition: 0, position, receivedAt })
  }
  const all = [...rows.entries()]
  const of = (table: string) => all.filter(([name]) => name === table).map(([, , row]) => row)
  return { rows, of }
}
