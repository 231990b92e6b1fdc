import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { StoredEvent } from '@signalbox/model/event.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { getJson, startServer, type TestServer } from '../../../../test/server.ts'
import { type Environment, nobody, run, start } from '../testing.ts'

let server: TestServer
let env: Environment
let folder: string
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_DRAIN_MS: '200' })
  env = { SIGNALBOX_URL: server.url }
  folder = await mkdtemp(join(tmpdir(), 'signalbox-import-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const cli = (...args: string[]) => run(args, env)
const eventsOf = async (id: string) =>
  (await getJson<{ items: StoredEvent[] }>(`${server.url}/v1/events?run=${encodeURIComponent(id)}&order=asc&limit=1000`)).items
const patient = { timeout: 50_000 }
const start0 = Date.now() - 60_000

async function send(...events: object[]): Promise<string> {
  const answer = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      events.map((event, i) => ({ source: 'test', time: new Date(start0 + i * 500).toISOString(), data: {}, ...event })),
    ),
  })
  const { accepted, cursor } = (await answer.json()) as { accepted: number; cursor: string }
  expect(accepted).toBe(events.length)
  return cursor
}

/** A recording of Gas Town's form: a line every half second. */
async function recording(name: string, lines: number): Promise<string> {
  const file = join(folder, name)
  const text = Array.from({ length: lines }, (_, i) =>
    JSON.stringify({
      actor: 'mayor',
      comment: null,
      created_at: new Date(Date.UTC(2026, 0, 1) + i * 500).toISOString(),
      event_type: 'created',
      id: i + 1,
      issue_id: `gt-${i}`,
      new_value: '',
      old_value: '',
    }),
  )
  await writeFile(file, text.join('\n'))
  return file
}

test('state: who does what now, and as it was at a cursor or a time; of one run; all of it as JSON', async () => {
  const cursor = await send({ type: 'agent.started', run: 'work', agent: 'a1', data: { role: 'worker' } })
  await send(
    { type: 'task.started', run: 'work', agent: 'a1', task: 't1', data: { title: 'Paint' } },
    { type: 'log', run: 'other', agent: 'a2' },
  )
  const [now, then, past, of, json, bad] = await Promise.all([
    cli('state'),
    cli('state', '--at', cursor),
    cli('state', '--at', '2020-01-01T00:00:00Z'),
    cli('state', '--run', 'other'),
    cli('state', '--json'),
    cli('state', '--at', 'yesterday'),
  ])
  expect(now.code).toBe(0)
  expect(now.stdout).toMatch(/^State at \S+ \(cursor \S+\)\n\n2 agents\n +ID +ROLE +STATUS .*\n(.*\n)* +a1 +worker +busy +t1 +work/)
  expect(now.stdout).toMatch(/2 runs\n(.*\n)*1 task\n +ID .*\n +t1 +working +a1 /)
  expect(then.stdout).toMatch(/1 agent\n.*\n +a1 +worker +idle +- +work/)
  expect(then.stdout).toContain('0 tasks')
  expect(past.stdout).toContain('0 agents')
  expect(of.stdout).toMatch(/1 agent\n.*\n +a2 /)
  expect(JSON.parse(json.stdout)).toMatchObject({ tasks: [{ id: 't1', state: 'working' }] })
  expect(bad).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('neither a live cursor nor an RFC 3339 time') })
})

test('replay: a stored run again as a new run of agents of its own, marked, at its pace, executing nothing', async () => {
  await send(
    { type: 'run.started', run: 'show', agent: 'boss', data: { name: 'Show' } },
    { type: 'task.assigned', run: 'show', agent: 'boss', task: 't', data: { to: 'hand', from: 'boss' } },
    { type: 'task.completed', run: 'show', agent: 'hand', task: 't' },
  )
  const before = await getJson<{ items: object[] }>(`${server.url}/v1/agents/boss`)
  const began = Date.now()
  const ran = await cli('replay', 'show', '--speed', '5x')
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toBe(
    `Playing the run replay:show:1 at 5x its speed, times shifted to now. Ctrl-C stops.\nWatch: ${server.url}/runs/replay%3Ashow%3A1\nSent 3 events: 3 stored, 0 there before, 0 refused.\n`,
  )
  const recorded = await eventsOf('show')
  const played = await eventsOf('replay:show:1')
  expect(played.map(({ type, agent, task }) => [type, agent, task])).toEqual(
    recorded.map(({ type, agent, task }) => [type, `replay:1/${agent}`, task]),
  )
  expect(played[1]?.data).toMatchObject({
    to: 'replay:1/hand',
    from: 'replay:1/boss',
    replay: { of: 'show', speed: '5x', at: recorded[1]?.time },
  })
  const times = played.map(({ time }) => Date.parse(time))
  expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 100, 200])
  expect(times[0]).toBeGreaterThanOrEqual(began)
  expect(await getJson(`${server.url}/v1/agents/boss`)).toEqual(before)
  expect((await cli('replay', 'show', '--speed', 'max')).stdout).toContain('replay:show:2 at full speed')
  expect(await cli('replay', 'nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no run nothing.') })
})

test('import as history: again changes nothing and says so; a dry run needs no server', async () => {
  const file = await recording('events.union.jsonl', 5)
  const first = await cli('import', '--format', 'gastown', folder)
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(
    /^Read 5 records in 1 file: (\d+) events, \d+ of them derived(.*\n)+Sent \1 events: \1 stored, 0 there before, 0 refused\.\n$/,
  )
  const second = await cli('import', '--format', 'gastown', file)
  expect(second.stdout).toMatch(
    /Sent (\d+) events: 0 stored, \1 there before, 0 refused\.\nNothing changed: all of it was there before\.\n$/,
  )
  const dry = await run(['import', '--format', 'gastown', file, '--dry-run'], { SIGNALBOX_URL: await nobody() })
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/Nothing was sent \(--dry-run\)\.\n$/) })
  const json = await cli('import', '--format', 'gastown', file, '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ records: 5, sent: { accepted: 0 }, stopped: false })
})

test.each([
  ['langfuse', 'langfuse-framework-traces'],
  ['otlp', 'opentelemetry-proto-examples'],
])('import of spans: %s, once stored, and again changes nothing', async (format, name) => {
  const root = resolve(import.meta.dirname, '..', '..', '..', '..')
  const spans = join(resolve(root, process.env.SIGNALBOX_TEST_DATA ?? '../shared/data'), 'genai-spans', name)
  const first = await cli('import', '--format', format, spans)
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(/Sent (\d+) events: \1 stored, 0 there before, 0 refused\.\n$/)
  const second = await cli('import', '--format', format, spans)
  expect(second.stdout).toMatch(
    /Sent (\d+) events: 0 stored, \1 there before, 0 refused\.\nNothing changed: all of it was there before\.\n$/,
  )
})

test('import: a path that is none, nothing of the format, a file that cannot be read, nobody there', async () => {
  await writeFile(join(folder, 'notes.jsonl'), 'hello\n')
  const empty = await nobody()
  const [none, wrong, nothing, unreadable, away] = await Promise.all([
    cli('import', '--format', 'gastown', join(folder, 'absent')),
    cli('import', '--format', 'who-and-when', folder),
    cli('import', '--format', 'claude-code', join(folder, 'notes.jsonl')),
    // A file that exists and answers every read with an error.
    cli('import', '--format', 'gastown', '/proc/self/mem'),
    run(['import', '--format', 'gastown', folder], { SIGNALBOX_URL: empty }),
  ])
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no file or folder') })
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/holds no files of the format who-and-when\.\n +docs\/imports\/who-and-when\.md/),
  })
  expect(nothing).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/holds nothing of the format claude-code in 1 file\. 1 × unreadable line/),
  })
  expect(unreadable).toMatchObject({ code: 2, stderr: expect.stringContaining('/proc/self/mem cannot be read: ') })
  expect(away).toMatchObject({ code: 3, stderr: expect.stringContaining(`No Signalbox answers at ${empty}.`) })
  for (const { stdout } of [none, wrong, nothing, unreadable, away]) expect(stdout).toBe('')
})

test('import as history: Ctrl-C ends it after the batch under way, says how far it came, and how to go on', async () => {
  const file = await recording('long.events.union.jsonl', 2_000)
  let posts = 0
  const slow = createServer(async (request, response) => {
    if (request.url === '/livez') return void response.end('{"status":"ok"}')
    let body = ''
    for await (const chunk of request) body += String(chunk)
    posts += 1
    if (posts === 1) running.press('SIGINT')
    response.end(JSON.stringify({ accepted: (JSON.parse(body) as unknown[]).length, duplicates: 0, refused: [] }))
  }).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  onTestFinished(() => void slow.close())
  const running = start(['import', '--format', 'gastown', file, '--url', `http://127.0.0.1:${(slow.address() as AddressInfo).port}`], {})
  const { code, stdout, stderr } = await running.done
  expect(code).toBe(5)
  expect(posts).toBeLessThan(4)
  expect(stdout).toContain(`Sent ${(posts * 500).toLocaleString('en-US')} events: `)
  expect(stderr).toMatch(/Stopped after [\d,]+ of [\d,]+ events\.\n +Run the import again: what is there is recognised by its ids/)
})

test('import live: it waits for a server that stops and comes back, loses nothing, and each playing is a run of its own', async () => {
  const file = await recording('events.union.jsonl', 40)
  const running = start(['import', '--format', 'gastown', file, '--speed', '10x'], env)
  onTestFinished(() => running.press('SIGKILL'))
  await running.says('Playing the run live:gastown:1')
  await expect.poll(async () => (await eventsOf('live:gastown:1')).length, patient).toBeGreaterThan(4)
  await server.terminate()
  await running.says('Waiting: the server ')
  await server.start()
  const { code, stdout } = await running.done
  expect(code).toBe(0)
  // A batch whose answer was cut off was sent again.
  const [, sent] = /Sent (\d+) events: \d+ stored, \d+ there before, 0 refused/.exec(stdout) ?? []
  const played = await eventsOf('live:gastown:1')
  expect(played).toHaveLength(Number(sent))

  const stopped = start(['import', '--format', 'gastown', file, '--speed', '1x'], env)
  await stopped.says('Playing the run live:gastown:2')
  await expect.poll(async () => (await eventsOf('live:gastown:2')).length, patient).toBeGreaterThan(0)
  stopped.press('SIGINT')
  expect(await stopped.done).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Sent \d events: .*\nStopped\. What was played stays as it is; playing again begins a new run\.\n$/),
  })
})
