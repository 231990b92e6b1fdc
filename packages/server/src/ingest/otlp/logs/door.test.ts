/** Logs and metrics as a client sends them, over the socket, to what is asked of the API. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../../api/testing.ts'
import { stopDatabases } from '../../../store/testing.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_OTLP_HTTP_PORT: '0', SIGNALBOX_OTLP_GRPC_PORT: '0' })
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const session = 'f00dbabe-0000-4000-8000-000000000001'
const now = Date.now()
const nanos = (ms: number) => `${ms}000000`
type Value = string | number | boolean
const attributes = (of: Readonly<Record<string, Value>>) =>
  Object.entries(of).map(([key, value]) => ({
    key,
    value:
      typeof value === 'number' ? { intValue: String(value) } : typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
  }))
const resource = { attributes: attributes({ 'service.name': 'claude-code', 'service.version': '2.1.281' }) }
const record = (name: string, ms: number, of: Readonly<Record<string, Value>>) => ({
  timeUnixNano: nanos(now + ms),
  body: { stringValue: `claude_code.${name}` },
  attributes: attributes({ 'session.id': session, 'event.name': name, ...of }),
})

async function post(path: string, body: object) {
  const response = await fetch(`${api.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as unknown }
}

const logs = {
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          scope: { name: 'com.anthropic.claude_code.events', version: '2.1.281' },
          logRecords: [
            record('user_prompt', -5_000, { prompt: 'Mend the gate' }),
            record('api_request', -3_000, {
              ...{ model: 'claude-sonnet-5', request_id: 'req_1', input_tokens: 10, cache_read_tokens: 90, output_tokens: 7 },
              ...{ cost_usd_micros: 1_234, duration_ms: 900 },
            }),
            record('tool_decision', -2_900, { tool_name: 'Bash', tool_use_id: 'toolu_1', decision: 'accept' }),
          ],
        },
      ],
    },
  ],
}

test('a session is seen while it works, and what is sent again changes nothing', async () => {
  expect(await post('/v1/logs', logs)).toEqual({ status: 200, body: {} })
  expect(await post('/v1/logs', logs)).toEqual({ status: 200, body: {} })
  const run = encodeURIComponent(`claude-code/${session}`)
  expect((await api.get(`/v1/runs/${run}`)).body).toMatchObject({
    state: 'running',
    totals: { llmCalls: 1, toolCalls: 1, inputTokens: 100, cacheReadTokens: 90, outputTokens: 7, costMicros: 1_234 },
  })
  expect((await api.get(`/v1/agents/${encodeURIComponent('claude-code/f00dbabe/main')}`)).body).toMatchObject({
    ...{ role: 'manager', status: 'busy', model: 'claude-sonnet-5' },
    inFlight: [{ kind: 'tool', name: 'Bash' }],
  })
})

test('its counters come to what they counted, and are in none of its totals', async () => {
  const point = (minute: number, type: string, tokens: number) => ({
    startTimeUnixNano: nanos(now - (minute + 1) * 60_000),
    timeUnixNano: nanos(now - minute * 60_000),
    asInt: String(tokens),
    attributes: attributes({ 'session.id': session, type }),
  })
  const sum = {
    aggregationTemporality: 1,
    isMonotonic: true,
    dataPoints: [point(2, 'input', 30), point(1, 'input', 70), point(1, 'output', 7)],
  }
  const metrics = {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          { scope: { name: 'com.anthropic.claude_code' }, metrics: [{ name: 'claude_code.token.usage', unit: 'tokens', sum }] },
        ],
      },
    ],
  }
  expect(await post('/v1/metrics', metrics)).toEqual({ status: 200, body: {} })
  expect(await post('/v1/metrics', metrics)).toEqual({ status: 200, body: {} })
  const { body } = await api.get<{ series: { attributes: object; points: { value: number }[] }[] }>(
    `/v1/metrics/series?name=claude_code.token.usage&step=86400&run=${encodeURIComponent(`claude-code/${session}`)}`,
  )
  expect(body.series).toMatchObject([
    { attributes: { type: 'input' }, aggregation: 'increase', points: [{ value: 100 }] },
    { attributes: { type: 'output' }, points: [{ value: 7 }] },
  ])
  const { body: run } = await api.get(`/v1/runs/${encodeURIComponent(`claude-code/${session}`)}`)
  expect(run).toMatchObject({ totals: { inputTokens: 100, outputTokens: 7 } })
})
