import type { StoredEvent } from '@signalbox/model/event.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { getJson, startServer, type TestServer } from '../../../../test/server.ts'
import { type Environment, nobody, run, start } from '../testing.ts'

let server: TestServer
let env: Environment
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_DRAIN_MS: '200' })
  env = { SIGNALBOX_URL: server.url }
})
afterAll(() => server[Symbol.asyncDispose]())

async function all<T>(path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { items: T[]; next: string | null } = await getJson(`${server.url}/v1/${path}${query}`)
    items.push(...page.items)
    cursor = page.next
  }
  return items
}
interface Run {
  readonly name: string
  readonly state: string
  readonly synthetic: boolean
}
const patient = { timeout: 50_000 }

test('five minutes at fifty times the speed: none refused or lost, all of it says what it is, and nothing stays open', async () => {
  const ran = await run(['demo', '--speed', '50x', '--minutes', '0.1', '--agents', '12', '--seed', '3'], env)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(
    /^A demonstration: 12 agents, all of it made up and marked so\. Ctrl-C ends it\.\nWatch: \S+\/\nEnded\. Sent [\d,]+ events: 0 refused, 0 lost\.\n$/,
  )
  const events = await all<StoredEvent>('events?order=asc&limit=1000')
  const [agents, runs, tasks] = [
    await all<{ id: string; status: string }>('agents?limit=1000'),
    await all<Run>('runs?limit=1000'),
    await all<{ state: string }>('tasks?limit=1000'),
  ]
  // The server's own word about who is lost may be among them.
  const own = events.filter(({ source }) => source !== 'signalbox')
  expect(own.length).toBeGreaterThan(500)
  expect(own.filter(({ source }) => !source.startsWith('signalbox-demo/'))).toEqual([])
  expect(own.filter(({ type, data }) => !/^agent\.(started|heartbeat|stopped)$/.test(type) && data.demo !== true)).toEqual([])
  expect(agents).toHaveLength(12)
  expect(runs.length).toBeGreaterThan(3)
  expect(runs.filter(({ name, state, synthetic }) => !name.startsWith('Demo: ') || state === 'running' || !synthetic)).toEqual([])
  const states = new Set(tasks.map(({ state }) => state))
  expect([states.has('completed'), states.has('failed')]).toEqual([true, true])
  expect(tasks.filter(({ state }) => ['submitted', 'working', 'input_required', 'auth_required'].includes(state))).toEqual([])
  // Some have died: they began once more than they said goodbye.
  const count = (type: string, agent: string) => own.filter((event) => event.type === type && event.agent === agent).length
  const died = agents.filter(({ id }) => count('agent.started', id) > count('agent.stopped', id))
  expect(died.length).toBeGreaterThan(0)
  expect(agents.filter(({ id, status }) => status !== 'stopped' && !died.some((agent) => agent.id === id))).toEqual([])
})

test('Ctrl-C ends it in good order, and a second playing has runs of its own', async () => {
  const before = (await all<Run>('runs?limit=1000')).length
  const running = start(['demo', '--agents', '2', '--speed', '3x'], env)
  onTestFinished(() => running.press('SIGKILL'))
  await running.says('Watch: ')
  await expect.poll(async () => (await all<Run>('runs?limit=1000')).length, patient).toBeGreaterThan(before)
  running.press('SIGINT')
  expect(await running.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/Ended\. Sent \d+ events: 0 refused, 0 lost\.\n$/) })
  expect((await all<Run>('runs?limit=1000')).filter(({ state }) => state === 'running')).toEqual([])
})

test('nobody there, a key that is none, and options that are none', async () => {
  const empty = await nobody()
  const [away, refused, ...wrong] = await Promise.all([
    run(['demo', '--url', empty], {}),
    run(['demo', '--key', 'none'], env),
    run(['demo', '--agents', '1'], env),
    run(['demo', '--speed', 'max'], env),
    run(['demo', '--seed', 'x'], env),
    run(['demo', '--minutes', '0'], env),
  ])
  expect(away).toMatchObject({ code: 3, stderr: expect.stringContaining(`No Signalbox answers at ${empty}.`) })
  expect(refused).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('UNAUTHENTICATED') })
  expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2])
})
