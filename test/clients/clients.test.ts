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

test.each(['responses', 'chat'])("OpenAI's Agents SDK, %s API, with its own exporter", async (api) => {
  const [desk, doom] = await runFleet(server, key, 'openai-agents', api)
  if (desk === undefined || doom === undefined) throw new Error('The fleet told of no two runs.')
  const { tasks } = await expectShown(server, desk)
  expect(tasks.map(({ state, assignee }) => `${assignee} ${state}`).sort()).toEqual(
    ['Billing', 'Researcher', 'Triage'].map((name) => `${name}_${api} completed`),
  )
  await expectShown(server, doom)
})
