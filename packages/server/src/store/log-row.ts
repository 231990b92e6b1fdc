/** An event of the log: as PostgreSQL answers it, as COPY takes it, and as everybody else knows it. */
import type { LoggedEvent, LoggedText } from '@signalbox/model/event.ts'
import { escaped, orNull, plainOrNull } from './copy-text.ts'

export interface LogRow {
  position: string
  time: string
  received_at: string
  seq: string | null
  epoch: string | null
  id: string
  partition: number
  tenant: string
  source: string
  type: string
  run: string | null
  agent: string | null
  task: string | null
  cause: string | null
  trace: string | null
  data: string
}

export const logColumns =
  'position, time, received_at, seq, epoch, id, partition, tenant, source, type, run, agent, task, cause, trace, data'

/** For who passes it on: its data stays the text that it is. */
export function toText(row: LogRow): LoggedText {
  return {
    id: row.id,
    tenant: row.tenant,
    source: row.source,
    type: row.type,
    time: Number(row.time),
    run: row.run ?? undefined,
    agent: row.agent ?? undefined,
    task: row.task ?? undefined,
    cause: row.cause ?? undefined,
    seq: row.seq === null ? undefined : Number(row.seq),
    epoch: row.epoch === null ? undefined : Number(row.epoch),
    trace: row.trace ?? undefined,
    dataJson: row.data,
    partition: row.partition,
    position: Number(row.position),
    receivedAt: Number(row.received_at),
  }
}

export const parsed = (event: LoggedText): LoggedEvent => ({ ...event, data: JSON.parse(event.dataJson) as Record<string, unknown> })
export const toEvent = (row: LogRow): LoggedEvent => parsed(toText(row))

/** COPY's text format of one event, columns in the order of `logColumns`. Joined: as a template each cell is two more strings, twice the memory (measured). */
export const copyLine = (event: LoggedText): string =>
  [
    event.position,
    event.time,
    event.receivedAt,
    event.seq ?? '\\N',
    event.epoch ?? '\\N',
    event.id,
    event.partition,
    escaped(event.tenant),
    escaped(event.source),
    escaped(event.type),
    orNull(event.run),
    orNull(event.agent),
    orNull(event.task),
    orNull(event.cause),
    orNull(event.trace),
    `${escaped(event.dataJson)}\n`,
  ].join('\t')

/** As a text is in such a line: neither the first cell nor the last is one that is looked for. */
export const cellOf = (text: string): string => `\t${escaped(text)}\t`

/** What COPY makes of such a line, without its end. */
export function rowOfLine(line: string): LogRow {
  const cells = line.split('\t')
  const cell = (column: number) => plainOrNull(cells[column] ?? '')
  const text = (column: number) => cell(column) ?? ''
  return {
    ...{ position: text(0), time: text(1), received_at: text(2), seq: cell(3), epoch: cell(4), id: text(5), partition: Number(cells[6]) },
    ...{
      tenant: text(7),
      source: text(8),
      type: text(9),
      run: cell(10),
      agent: cell(11),
      task: cell(12),
      cause: cell(13),
      trace: cell(14),
    },
    data: text(15),
  }
}
