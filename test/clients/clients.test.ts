import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { getJson, startServer, type TestServer } from '../server.ts'
import { expectShown, ingestKey, runFleet } from './fleet.ts'

let server: TestServer
let key: string
let grpc: number
beforeAll(async () => {
  grpc = await freePort()
  server = await startServer({ SIGNALBOX_OTLP_GRPC_PORT: String(grpc), SIGNALBOX_OTLP_HTTP_PORT: 'off' })
  key = await ingestKey(server)
})
afterAll(() => server[Symbol.asyncDispose]())

const tasksOf = (graph: Awaited<ReturnType<typeof expectShown>>[number] | undefined) =>
  graph?.tasks.map(({ assignee, title, state }) => `${assignee}: ${title} ${state}`).sort()

test.each(['responses', 'chat'])("OpenAI's Agents SDK, %s API, with its own exporter", async (api) => {
  const [desk, doomed] = await expectShown(
    server,
    await runFleet(server, key, 'openai-agents', { args: [api], pasted: { page: 'openai-agents' } }),
  )
  expect(tasksOf(desk)).toEqual(['Billing', 'Researcher', 'Triage'].map((name) => `${name}_${api}: ${name}_${api} completed`))
  expect(tasksOf(doomed)).toEqual([`Doomed_${api}: Doomed_${api} failed`])
})

test("Vercel's AI SDK, live through its own telemetry hooks", async () => {
  const [answer, doomed, index] = await expectShown(
    server,
    await runFleet(server, key, 'ai-sdk', { pasted: { page: 'vercel-ai-sdk', heading: 'Live hooks: paste this' } }),
  )
  expect(tasksOf(answer)).toEqual(['desk/researcher: researcher completed', 'desk: answer completed', 'writer: ai.streamText completed'])
  expect(tasksOf(doomed)).toEqual(['desk: doomed failed'])
  expect(tasksOf(index)).toEqual(['desk: index completed'])
})

test('what signalboxTelemetry answers is what the AI SDK’s own types ask for', async () => {
  const tsc = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'tsc')
  await promisify(execFile)(tsc, ['-p', join(import.meta.dirname, 'typed')])
})

test("LangGraph's supervisor, traced by OpenInference over OTLP", async () => {
  const [team] = await expectShown(server, await runFleet(server, key, 'langgraph', { pasted: { page: 'langgraph' } }))
  // The supervisor works three times: it hands over, hands over again, and answers.
  const workers = ['mathematician', 'researcher', 'supervisor', 'supervisor', 'supervisor']
  expect(tasksOf(team)).toEqual(workers.map((name) => `research-desk/${name}: ${name} completed`))
})

test.each(['ai7', 'legacy', 'ai6', 'ai5'])("Vercel's AI SDK over OpenTelemetry (%s)", async (version) => {
  await expectShown(
    server,
    await runFleet(server, key, 'ai-sdk-otel', {
      args: [version],
      pasted: { page: 'vercel-ai-sdk', heading: 'OpenTelemetry: paste this' },
    }),
  )
})

test('agents told by Langfuse’s SDK, with its address and keys changed', async () => {
  await expectShown(server, await runFleet(server, key, 'langfuse', { pasted: { page: 'langfuse' } }))
})

test('a workflow told by Traceloop’s SDK, with its address and key changed', async () => {
  await expectShown(server, await runFleet(server, key, 'traceloop', { pasted: { page: 'traceloop' } }))
})

interface Shown {
  readonly source: string
  readonly data: Readonly<Record<string, unknown>>
}
test.each(['proto', 'http', 'grpc'])('OpenTelemetry’s exporters of all three signals: %s', async (protocol) => {
  const endpoint = protocol === 'grpc' ? `http://127.0.0.1:${grpc}` : server.url
  await expectShown(server, await runFleet(server, key, 'exporters', { args: [protocol, endpoint] }))
  const dataOf = async (type: string) => {
    const { items } = await getJson<{ items: readonly Shown[] }>(`${server.url}/v1/events?type=${type}&limit=100`)
    return items.filter(({ source }) => source === `otlp/otel-${protocol}`).map(({ data }) => data)
  }
  expect(await dataOf('log')).toMatchObject([{ body: `low on disk, says otel-${protocol}`, attributes: { free: 7 } }])
  expect(await dataOf('metric')).toMatchObject([{ name: 'jobs.done', value: 3, attributes: { queue: 'night' } }])
})
