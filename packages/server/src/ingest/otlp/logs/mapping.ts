/**
 * What OTLP's log records mean. In: decoded records. Out: events, at least one of each record but for pieces of streams (codex.ts).
 * Pure: a record gives the same events with the same ids whenever it comes, so that one which is sent again is a duplicate. Of a record
 * without any time that does not hold: it has that of its receipt.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip } from '@signalbox/model/text.ts'
import type { Mapped } from '../../door.ts'
import { eventOf } from '../../event-of.ts'
import type { Decoded, LogRecord } from '../otlp.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { geminiCli } from './gemini-cli.ts'
import { genAi } from './gen-ai.ts'
import { agentIn, runIn, sourceOf } from './identity.ts'
import { foreignOf, type Reading, saidBy, type Told, traceOf } from './record.ts'

/** The first that knows a record reads it. */
const vocabularies: readonly ((told: Told) => Reading | undefined)[] = [claudeCode, codex, geminiCli, genAi]

/** `observedAt`: when the request came in. */
export function mapLogs(decoded: Decoded<LogRecord>, observedAt: EpochMs): readonly Mapped[] {
  const mapped: Mapped[] = []
  let item = 0
  for (const { resource, scope, items } of decoded.groups) {
    for (const record of items) {
      const told = { record, resource: resource.attributes, scope, time: record.time === 0 ? observedAt : record.time }
      for (const event of eventsOf(told, item)) mapped.push(event)
      item += 1
    }
  }
  for (const { value, code, message } of decoded.bad) {
    mapped.push({ item, refused: { code, message }, value })
    item += 1
  }
  return mapped
}

/** Around them there is room for what is derived, a millisecond before its record. */
const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(9999, 11, 31)

function eventsOf(told: Told, item: number): readonly Mapped[] {
  if (!(told.time >= earliest && told.time <= latest)) {
    const message = `timeUnixNano is ${told.time} ms after 1970, which no event can have.`
    return [{ item, refused: { code: 'INVALID_EVENT', message }, value: told.record }]
  }
  const { source, drafts } = read(told)
  const foreign = foreignOf(told)
  const trace = traceOf(told.record)
  return drafts.map(({ part, derived, data, time = told.time, ...draft }) => ({
    item,
    event: eventOf(source, {
      ...draft,
      time,
      trace,
      foreign: part === undefined ? foreign : `${part} ${foreign}`,
      data: derived ? { ...data, derived } : data,
    }),
  }))
}

function read(told: Told): Reading {
  for (const vocabulary of vocabularies) {
    const reading = vocabulary(told)
    if (reading !== undefined) return reading
  }
  return plain(told)
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** Any other record: a line of a log. */
function plain(told: Told): Reading {
  const { severity, severityText, eventName, body } = told.record
  const level = levels[Math.floor((severity - 1) / 4)] ?? (severityText === '' ? 'unspecified' : clip(severityText, 40).toLowerCase())
  const text = typeof body === 'string' ? clip(body) : eventName
  const data = { level, text, ...(eventName === '' ? {} : { name: clip(eventName, 200) }), ...saidBy(told) }
  return { source: sourceOf(told.resource), drafts: [{ type: 'log', run: runIn(told), agent: agentIn(told), data }] }
}
