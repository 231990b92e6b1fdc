import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startServer, type TestServer } from '../../../../test/server.ts'
import { type Environment, nobody, type Running, run, start } from '../testing.ts'

let server: TestServer
let env: Environment
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_DRAIN_MS: '200' })
  env = { SIGNALBOX_URL: server.url }
})
afterAll(() => server[Symbol.asyncDispose]())

async function send(...events: object[]): Promise<void> {
  const answer = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events.map((event) => ({ source: 'test', time: '2026-01-02T03:04:05.678Z', data: {}, ...event }))),
  })
  expect(await answer.json()).toMatchObject({ accepted: events.length })
}

const patient = { timeout: 50_000 }
const clients = async () =>
  Number(/live_clients\{transport="websocket"\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1] ?? 0)
let open = 0

/** Resolves when the server feeds it: what is sent from now on reaches it. */
async function tail(...args: string[]): Promise<Running> {
  // Those of the test before are gone.
  await expect.poll(clients, patient).toBe(open)
  const running = start(['tail', ...args], env)
  open += 1
  onTestFinished(() => {
    running.press('SIGKILL')
    open -= 1
  })
  await expect.poll(clients, patient).toBe(open)
  // A socket that is open may not have subscribed yet.
  await running.says('following')
  return running
}

test('events are printed as they are stored, one line each, those of the filter only, until Ctrl-C', async () => {
  const running = await tail('--type', 'task.*', 'log', '--agent', 'a', 'b')
  await send(
    ...[
      { type: 'log', agent: 'other', data: { text: 'of another agent' } },
      { type: 'metric', agent: 'a' },
      { type: 'task.created', agent: 'a', task: 't1', data: { title: 'Carry the box' } },
      { type: 'log', agent: 'b', data: { text: 'done' } },
    ].map((event) => ({ ...event, run: 'crew' })),
  )
  await running.says('text=done')
  running.press('SIGINT')
  const { code, stdout } = await running.done
  expect(code).toBe(0)
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['03:04:05.678', 'task.created', 'a', 't1', 'title=Carry the box'],
    ['03:04:05.678', 'log', 'b', 'text=done'],
    [''],
  ])
})

test('what agents write does not drive the terminal, as text or as JSON', async () => {
  const evil = 'red\u001b[31m \u009b2J\u202egnp.exe\nline'
  const [text, json] = [await tail('--run', 'evil'), await tail('--run', 'evil', '--json')]
  // Names with controls are refused at the door; those that turn text around are not.
  await send({ type: 'log', run: 'evil', agent: 'a\u202egnp', task: 't\u2066x', data: { text: evil } })
  await Promise.all([text, json].map((running) => running.says('gnp.exe')))
  for (const running of [text, json]) running.press('SIGTERM')
  const [asText, asJson] = await Promise.all([text.done, json.done])
  expect([asText, asJson].map(({ stdout }) => /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/.test(stdout))).toEqual([false, false])
  expect(asText.stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(JSON.parse(asJson.stdout)).toMatchObject({ agent: 'a\u202egnp', task: 't\u2066x', data: { text: evil } })
})

test('it goes on where it was when the server comes back, and says so', async () => {
  const running = await tail('--run', 'long', '--json')
  await send({ type: 'log', run: 'long', data: { n: 1 } })
  await running.says('"n":1')
  await server.kill()
  await running.says('the feed is interrupted')
  await server.start()
  await send({ type: 'log', run: 'long', data: { n: 2 } }, { type: 'log', run: 'long', data: { n: 3 } })
  await running.says('"n":3')
  running.press('SIGINT')
  const { stdout, stderr } = await running.done
  expect(stdout.match(/"n":\d/g)).toEqual(['"n":1', '"n":2', '"n":3'])
  expect(stderr).toContain('the feed goes on')
})

test('from the start, into a program that has enough: that is no fault', async () => {
  await send(...Array.from({ length: 3_000 }, (_, n) => ({ type: 'log', run: 'much', data: { n, text: 'x'.repeat(200) } })))
  const running = start(['tail', '--run', 'much', '--from-start'], env)
  await running.says('text=xxx')
  running.stopReading()
  expect(await running.done).toMatchObject({ code: 0, stderr: `signalbox: following ${server.url}; Ctrl-C ends it\n` })
})

test('a filter that is refused ends with 4, nobody there with 3, somebody else too', async () => {
  const other = createServer((_request, response) => response.end('<h1>Welcome</h1>')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const empty = await nobody()
  const [refused, away, somebody] = await Promise.all([
    run(['tail', '--run', 'r'.repeat(300)], env),
    run(['tail', '--url', empty], {}),
    run(['tail'], { SIGNALBOX_PORT: String((other.address() as AddressInfo).port) }),
  ])
  expect(refused).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringMatching(/The server refused the feed: BAD_REQUEST: .*\n +Check --key and the filter/),
  })
  expect(away).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringMatching(/No Signalbox answers at http:\/\/127.0.0.1:\d+\.\n +Start one/),
  })
  expect(somebody).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/What answers at .* is no Signalbox/) })
})
