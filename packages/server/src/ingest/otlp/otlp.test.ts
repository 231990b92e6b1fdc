import { Client, credentials } from '@grpc/grpc-js'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, startApp } from '../../app.ts'
import { readConfig } from '../../config.ts'
import { stopDatabases, withDatabase } from '../../store/testing.ts'
import { call, methodOf } from './doors.testing.ts'
import type { Signal } from './signals.ts'
import { protobufOf, requestOf } from './wire.testing.ts'

const log = pino({ level: 'silent' })
let app: App
beforeAll(async () => {
  const env = { SIGNALBOX_PORT: '0', SIGNALBOX_OTLP_HTTP_PORT: '0', SIGNALBOX_OTLP_GRPC_PORT: '0' }
  app = await startApp(readConfig({ DATABASE_URL: await withDatabase(), ...env }), { log })
})
afterAll(async () => {
  await app.stop()
  await stopDatabases()
})

const nanos = (ms: number) => `${ms}000000`
const startedAt = Date.now()
const span = (n: number, more: object = {}) => ({
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: n.toString(16).padStart(16, 'a'),
  name: `chat ${n}`,
  startTimeUnixNano: nanos(startedAt + n),
  endTimeUnixNano: nanos(startedAt + n + 5),
  ...more,
})

/** Fates of `signalbox_events_total` of one door. */
async function fates(door: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  return Object.fromEntries(
    [...text.matchAll(new RegExp(`^signalbox_events_total\\{door="${door}",fate="(\\w+)"\\} (\\d+)`, 'gm'))].map(([, fate, count]) => [
      fate,
      Number(count),
    ]),
  )
}

async function post(signal: Signal, json: unknown, type: 'json' | 'x-protobuf') {
  const body = type === 'json' ? JSON.stringify(json) : new Uint8Array(protobufOf(signal, json))
  const response = await fetch(`http://127.0.0.1:${app.otlp.http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': `application/${type}` },
    body,
  })
  return response.status
}

test('the same spans by every way and encoding are stored once; every item is counted once', async () => {
  const request = requestOf('traces', [span(1), span(2), { name: 'without ids' }, span(3)])
  expect(await post('traces', request, 'json')).toBe(200)
  const once = await fates('otlp-traces')
  const { stored = 0 } = once
  expect(stored).toBeGreaterThanOrEqual(3)
  expect(once).toEqual({ received: stored + 1, stored, quarantined: 1 })
  expect(await post('traces', request, 'x-protobuf')).toBe(200)
  const client = new Client(`127.0.0.1:${app.otlp.grpc}`, credentials.createInsecure())
  expect(await call(client, methodOf('traces'), protobufOf('traces', request))).toHaveProperty('bytes')
  client.close()
  expect(await fates('otlp-traces')).toEqual({ received: 3 * (stored + 1), stored, duplicate: 2 * stored, quarantined: 3 })
})

test('logs and data points find their way too', async () => {
  expect(await post('logs', requestOf('logs', [{ timeUnixNano: nanos(startedAt), body: { stringValue: 'said' } }]), 'x-protobuf')).toBe(200)
  const metric = { name: 'm', gauge: { dataPoints: [{ timeUnixNano: nanos(startedAt), asInt: '1' }] } }
  expect(await post('metrics', requestOf('metrics', [metric]), 'x-protobuf')).toBe(200)
  expect(await fates('otlp-logs')).toMatchObject({ received: 1, stored: 1 })
  expect(await fates('otlp-metrics')).toMatchObject({ received: 1, stored: 1 })
})
