import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../server.ts'
import { expectShown, ingestKey, runFleet } from './fleet.ts'

let server: TestServer
let key: string
beforeAll(async () => {
  server = await startServer()
  key = await ingestKey(server)
})
afterAll(() => server[Symbol.asyncDispose]())

const tasksOf = (graph: Awaited<ReturnType<typeof expectShown>>[number] | undefined) =>
  graph?.tasks.map(({ assignee, title, state }) => `${assignee}: ${title} ${state}`).sort()

test.each(['responses', 'chat'])("OpenAI's Agents SDK, %s API, with its own exporter", async (api) => {
  const [desk, doomed] = await expectShown(server, await runFleet(server, key, 'openai-agents', api))
  expect(tasksOf(desk)).toEqual(['Billing', 'Researcher', 'Triage'].map((name) => `${name}_${api}: ${name}_${api} completed`))
  expect(tasksOf(doomed)).toEqual([`Doomed_${api}: Doomed_${api} failed`])
})

test("Vercel's AI SDK, live through its own telemetry hooks", async () => {
  const [answer, doomed, index] = await expectShown(server, await runFleet(server, key, 'ai-sdk'))
  expect(tasksOf(answer)).toEqual(['desk/researcher: researcher completed', 'desk: answer completed', 'writer: ai.streamText completed'])
  expect(tasksOf(doomed)).toEqual(['desk: doomed failed'])
  expect(tasksOf(index)).toEqual(['desk: index completed'])
})
