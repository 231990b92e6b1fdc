/** A request of CloudEvents: the first byte picks the mode, attributes of the binary one come from the first line. */
import { readCloudEvents } from '@signalbox/server/ingest/cloudevents/cloudevents.ts'
import { createFirstSeen } from '@signalbox/server/ingest/first-seen.ts'
import { type Target, utf8 } from '../fuzz.ts'
import { doorOracle } from './door.ts'

const modes = ['application/cloudevents+json', 'application/cloudevents-batch+json; charset=utf-8', 'binary', 'application/json'] as const
const bodyTypes = ['application/json', 'text/plain', 'image/png', undefined] as const
const now = Date.UTC(2026, 1, 28, 10)

function headersOf(pick: number, line: string) {
  const mode = modes[pick % 4]
  if (mode !== 'binary') return { 'content-type': mode }
  const pairs = line.split('&').map((pair) => pair.split('=', 2))
  return {
    'content-type': bodyTypes[Math.trunc(pick / 4) % 4],
    ...Object.fromEntries(pairs.map(([name = '', value = '']) => [`ce-${name}`, value])),
  }
}

export const cloudevents: Target = {
  name: 'cloudevents',
  expects: ['taken', 'refused', 'MALFORMED_JSON', 'UNSUPPORTED_ENCODING', 'BAD_REQUEST'],
  seeds() {
    const time = '2026-02-28T09:59:00Z'
    const event = {
      specversion: '1.0',
      id: 'e-1',
      source: '/a',
      type: 'dev.signalbox.task.started',
      time,
      subject: 't',
      run: 'r',
      agent: 'a',
      seq: 1,
    }
    const others = [
      { ...event, data: { note: 'x', usage: { inputTokens: 3 } } },
      { ...event, type: 'com.example.x', time: undefined, datacontenttype: 'text/xml', data: '<a/>' },
      { ...event, datacontenttype: 'application/json', data_base64: 'eyJhIjoxfQ==' },
      { ...event, data: { cloudevent: 1, list: [1, [2, { a: null }]] }, partitionkey: 5, epoch: '2' },
    ]
    const binary = 'specversion=1.0&id=e-2&source=/b&type=log&time=2026-02-28T09:59:00Z&subject=%E2%82%AC&run="q\\"r"'
    const as = (pick: number, body: string) => Buffer.concat([Buffer.from([pick]), utf8(body)])
    return [
      ...others.map((one) => as(0, `\n${JSON.stringify(one)}`)),
      as(1, `\n${JSON.stringify(others)}`),
      as(1, '\n[]'),
      as(3, `\n${JSON.stringify(event)}`),
      ...[2, 6, 10, 14].map((pick) => as(pick, `${binary}\n{"a":1}`)),
      as(2, `${binary}&x=%C0%A0\n`),
      as(2, `${binary}\n{`),
    ]
  },
  check(input) {
    const text = Buffer.from(input.subarray(1)).toString('latin1')
    const end = Math.max(text.indexOf('\n'), 0)
    const body = Buffer.from(text.slice(end + 1), 'latin1')
    const headers = headersOf(input[0] ?? 0, text.slice(0, end))
    return doorOracle(() => readCloudEvents(body, headers, { tenant: 'default', now, firstSeen: createFirstSeen(), mostItems: 1_000 }))
  },
}
