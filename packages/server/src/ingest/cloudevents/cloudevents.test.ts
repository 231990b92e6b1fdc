/** CloudEvents from their own SDK, through the server's door into its log. */
import { uuidv7 } from '@signalbox/model/ids.ts'
import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from 'cloudevents'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../api/testing.ts'
import { stopDatabases } from '../../store/testing.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_MAX_BATCH_EVENTS: '20', SIGNALBOX_MAX_BODY_BYTES: '300000' })
})
afterAll(async () => {
  await api.stop()
  await stopDatabases()
})

interface Receipt {
  readonly accepted?: number
  readonly duplicates?: number
  readonly code?: string
  readonly detail?: string
  readonly refused?: readonly { readonly index: number; readonly code: string; readonly message: string }[]
  readonly warnings?: readonly { readonly code: string }[]
}
interface Stored {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: string
  readonly run?: string
  readonly agent?: string
  readonly task?: string
  readonly cause?: string
  readonly seq?: number
  readonly epoch?: number
  readonly trace?: string
  readonly data: Readonly<Record<string, unknown>>
}

async function post(message: { readonly headers: object; readonly body?: unknown }, query = '') {
  const response = await fetch(`${api.url}/v1/cloudevents${query}`, {
    method: 'POST',
    headers: message.headers as Record<string, string>,
    body: message.body as string,
  })
  return { status: response.status, body: (await response.json()) as Receipt }
}
const json = (value: unknown, type = 'application/cloudevents+json') =>
  post({ headers: { 'content-type': type }, body: typeof value === 'string' ? value : JSON.stringify(value) })
const batch = (events: readonly unknown[]) => json(events, 'application/cloudevents-batch+json')
const of = (run: string) => api.all<Stored>(`/v1/events?run=${encodeURIComponent(run)}`, 100)

let made = 0
const time = new Date(Date.now() - 60_000).toISOString()
const plain = (more: Record<string, unknown> = {}) => {
  made += 1
  return { specversion: '1.0', id: `e-${made}`, source: '/fleet/one', type: 'com.example.done', time, run: `run-${made}`, ...more }
}

test('the SDK’s structured, binary and batched messages are one event each, the same in every mode', async () => {
  const event = new CloudEvent({
    id: 'sdk-1',
    source: 'https://example.com/agents',
    type: 'dev.signalbox.task.started',
    time,
    subject: 'task é 1',
    run: 'sdk run',
    agent: 'worker "1"',
    seq: 7,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    data: { note: 'reading' },
  })
  const send = httpTransport(`${api.url}/v1/cloudevents`)
  const answers: Receipt[] = []
  for (const mode of [Mode.STRUCTURED, Mode.BINARY]) {
    const { body } = (await emitterFor(send, { binding: HTTP, mode })(event)) as { readonly body: string }
    answers.push(JSON.parse(body) as Receipt)
  }
  answers.push((await batch([event.toJSON(), event.toJSON()])).body)
  expect(answers).toMatchObject([
    { accepted: 1, duplicates: 0, durability: 'durable' },
    { accepted: 0, duplicates: 1 },
    { accepted: 0, duplicates: 2 },
  ])
  const stored = await of('sdk run')
  expect(stored).toMatchObject([
    {
      source: 'https://example.com/agents',
      type: 'task.started',
      time,
      agent: 'worker "1"',
      task: 'task é 1',
      seq: 7,
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      data: { note: 'reading' },
    },
  ])
})

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['a type of ours, bare', { type: 'agent.started', subject: 'w' }, { type: 'agent.started', agent: 'w' }],
  ['a type of ours, prefixed', { type: 'dev.signalbox.run.finished' }, { type: 'run.finished' }],
  ['custom types of ours', { type: 'dev.signalbox.custom.mine' }, { type: 'custom.mine' }],
  ['a type of others', { type: 'com.example.Odd/Type:v1' }, { type: 'com.example.Odd/Type:v1' }],
  ['a type that no event carries', { type: 'größe' }, { type: 'custom.cloudevent', data: { cloudevent: { type: 'größe' } } }],
  ['a prefix that is no type of ours', { type: 'dev.signalbox.other' }, { type: 'dev.signalbox.other' }],
  [
    'extensions',
    { agent: 'a', task: 't', cause: 'c', seq: 3, epoch: '2', traceparent: '00-1-2-03' },
    { agent: 'a', task: 't', cause: 'c', seq: 3, epoch: 2, trace: '00-1-2-03' },
  ],
  [
    'further attributes stay',
    { subject: 's', dataschema: '/x', tenantid: 5, on: true, gone: null },
    { data: { cloudevent: { subject: 's', dataschema: '/x', tenantid: 5, on: true } } },
  ],
  ['an object', { data: { a: [1] } }, { data: { a: [1] } }],
  ['an object that has our name', { data: { cloudevent: 1 } }, { data: { cloudevent: { replaced: 1 } } }],
  ['a list', { data: [1, 2] }, { data: { value: [1, 2] } }],
  ['a JSON text', { data: '{"a":1}' }, { data: { value: '{"a":1}' } }],
  ['null', { data: null }, { data: { value: null } }],
  [
    'text of another type',
    { datacontenttype: 'text/xml', data: '<a/>' },
    { data: { value: '<a/>', cloudevent: { datacontenttype: 'text/xml' } } },
  ],
  ['bytes', { datacontenttype: 'image/png', data_base64: 'AAEC' }, { data: { base64: 'AAEC' } }],
  ['JSON as bytes', { datacontenttype: 'application/vnd.x+json', data_base64: btoa('{"a":1}') }, { data: { a: 1 } }],
  ['a time with an offset', { time: '2026-01-02T03:04:05.123456+02:00' }, { time: '2026-01-02T01:04:05.123Z' }],
  ['its recorded time', { time: undefined, recordedtime: time }, { time }],
  ['the time of its id', { time: undefined, id: uuidv7(Date.parse(time)) }, { time }],
  [
    'a long source',
    { source: `/${'x'.repeat(300)}` },
    { source: `/${'x'.repeat(255)}`, data: { cloudevent: { source: `/${'x'.repeat(300)}` } } },
  ],
])('%s', async (_name, more, expected) => {
  const event = plain(more)
  const query = '?backfill=true'
  const send = () =>
    post({ headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' }, body: JSON.stringify(event) }, query)
  expect(await send()).toMatchObject({ status: 200, body: { accepted: 1, refused: [] } })
  expect(await send()).toMatchObject({ status: 200, body: { accepted: 0, duplicates: 1 } })
  const [stored] = await of(event.run)
  expect(stored).toMatchObject({ source: '/fleet/one', time, ...expected })
  expect(stored?.data.cloudevent).toMatchObject({ id: event.id })
})

test('a partition key is the run where none is told', async () => {
  const event = { ...plain(), run: undefined, partitionkey: 'by key' }
  expect((await json(event)).body).toMatchObject({ accepted: 1 })
  expect(await of('by key')).toMatchObject([{ data: { cloudevent: { partitionkey: 'by key' } } }])
})

test.each<[string, Record<string, string>, string | undefined, Record<string, unknown>]>([
  ['JSON', { 'content-type': 'application/json' }, '{"a":"é"}', { a: 'é' }],
  ['text', { 'content-type': 'text/plain; charset=utf-8' }, 'né', { value: 'né' }],
  ['bytes', { 'content-type': 'application/octet-stream' }, 'abc', { base64: btoa('abc') }],
  ['no body', {}, undefined, {}],
  ['percent-encoding', { 'ce-subject': 'Euro%20%E2%82%AC%20%f0%9f%98%80' }, undefined, { cloudevent: { subject: 'Euro € 😀' } }],
  ['quotation', { 'ce-subject': '"a \\"b\\" 50% c"' }, undefined, { cloudevent: { subject: 'a "b" 50% c' } }],
  ['UTF-8 as it is', { 'ce-subject': Buffer.from('é€').toString('latin1') }, undefined, { cloudevent: { subject: 'é€' } }],
])('binary mode: %s', async (_name, headers, body, data) => {
  const { specversion, id, source, type, run } = plain()
  const message = {
    headers: {
      'ce-specversion': specversion,
      'ce-id': id,
      'ce-source': source,
      'ce-type': type,
      'ce-time': time,
      'ce-run': run,
      ...headers,
    },
    body,
  }
  expect(await post(message)).toMatchObject({ status: 200, body: { accepted: 1 } })
  expect(await of(run)).toMatchObject([{ source, type, data }])
})

test.each<[string, unknown, string]>([
  ['no object', 7, 'INVALID_EVENT'],
  ['no id', { id: undefined }, 'INVALID_EVENT'],
  ['an empty source', { source: '' }, 'INVALID_EVENT'],
  ['another version', { specversion: '0.3' }, 'INVALID_EVENT'],
  ['a time that is none', { time: 'yesterday' }, 'INVALID_EVENT'],
  ['a time of numbers', { time: 5 }, 'INVALID_EVENT'],
  ['a counter that is none', { seq: 'seven' }, 'INVALID_EVENT'],
  ['data that ours cannot have', { type: 'task.assigned', data: { to: 7 } }, 'INVALID_EVENT'],
  ['bytes that are not their type', { datacontenttype: 'application/json', data_base64: btoa('{') }, 'MALFORMED_JSON'],
  ['__proto__ in data', { data: JSON.parse('{"__proto__":{"a":1}}') as unknown }, 'KEY_FORBIDDEN'],
  ['an extension __proto__', JSON.parse('{"__proto__":{"a":1}}') as unknown, 'KEY_FORBIDDEN'],
  ['2^53', { data: { n: 2 ** 53 } }, 'NUMBER_NOT_EXACT'],
  ['too old', { time: '2001-01-01T00:00:00Z' }, 'EVENT_TOO_OLD'],
])('%s is refused by name and costs no other event', async (_name, wrong, code) => {
  const bad = typeof wrong === 'object' ? Object.assign(Object.create(null), plain(), entries(wrong)) : wrong
  const { status, body } = await batch([plain(), bad, plain()])
  expect(status).toBe(200)
  expect(body).toMatchObject({ accepted: 2, refused: [{ index: 1, code }] })
  expect((await json(bad)).body.code).toBe(code)
})
/** Own properties, `__proto__` too. */
const entries = (of_: unknown) => Object.fromEntries(Object.entries(of_ as object))

test('without a time a retry is a duplicate while its arrival is remembered, and the sender is told', async () => {
  const event = plain({ time: undefined })
  expect((await json(event)).body).toMatchObject({ accepted: 1, warnings: [{ code: 'TIME_OF_ARRIVAL' }] })
  expect((await batch([event, plain()])).body).toMatchObject({ accepted: 1, duplicates: 1, warnings: [{ code: 'TIME_OF_ARRIVAL' }] })
  expect((await json(plain())).body.warnings).toBeUndefined()
})

test('the same id with other content is refused, and another source’s id is another event', async () => {
  const event = plain({ data: { n: 1 } })
  expect((await json(event)).body).toMatchObject({ accepted: 1 })
  expect(await json({ ...event, data: { n: 2 } })).toMatchObject({ status: 409, body: { code: 'ID_REUSED' } })
  expect((await json({ ...event, source: '/fleet/two' })).body).toMatchObject({ accepted: 1 })
})

test('an empty batch, a batch that is too large, and what is no CloudEvent', async () => {
  expect(await batch([])).toMatchObject({ status: 200, body: { accepted: 0, refused: [] } })
  expect(await batch(Array.from({ length: 21 }, () => 1))).toMatchObject({ status: 413, body: { code: 'BATCH_TOO_LARGE' } })
  expect(await batch({} as unknown[])).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } })
  expect(await json('{"a":')).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } })
  expect(await json(plain(), 'application/json')).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_ENCODING' } })
  expect(await json(plain(), 'application/cloudevents+avro')).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_ENCODING' } })
  const overlong = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '%C0%A0', 'ce-type': 't' }
  expect(await post({ headers: overlong })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
  expect(await post({ headers: {}, body: '{}' }, '?unknown=1')).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
})

test('who names itself in the handshake is allowed to deliver', async () => {
  const ask = (headers: Record<string, string>) => fetch(`${api.url}/v1/cloudevents`, { method: 'OPTIONS', headers })
  const allowed = await ask({ 'webhook-request-origin': 'eventemitter.example.com', 'webhook-request-rate': '120' })
  expect([allowed.status, allowed.headers.get('webhook-allowed-origin'), allowed.headers.get('webhook-allowed-rate')]).toEqual([
    200,
    'eventemitter.example.com',
    '*',
  ])
  expect(allowed.headers.get('allow')).toContain('POST')
  const nameless = await ask({})
  expect([nameless.status, nameless.headers.get('webhook-allowed-origin')]).toEqual([200, null])
  expect((await ask({ 'webhook-request-origin': 'a', origin: 'https://evil.example' })).status).toBe(403)
})

test('received = stored + duplicate + refused + quarantined', async () => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const of_ = (fate: string) =>
    Number(new RegExp(`^signalbox_events_total{door="cloudevents",fate="${fate}"} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  expect(of_('received')).toBeGreaterThan(0)
  expect(of_('stored') + of_('duplicate') + of_('refused') + of_('quarantined')).toBe(of_('received'))
})
