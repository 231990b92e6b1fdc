import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@signalbox/model/ids.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startServer, type TestServer } from '../../../../../test/server.ts'
import { type Environment, type Ran, run, start } from '../../testing.ts'
import type { Finding } from './finding.ts'

let server: TestServer
let env: Environment
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_DRAIN_MS: '200' })
  env = { SIGNALBOX_URL: server.url, SIGNALBOX_DATA: server.data }
  await send(...Array.from({ length: 60 }, (_, i) => work(i)))
})
afterAll(() => server[Symbol.asyncDispose]())

const work = (i: number, more: object = {}) => ({
  id: uuidv7(Date.now()),
  source: 'test',
  type: i % 3 === 0 ? 'task.started' : i % 3 === 1 ? 'tool.started' : 'tool.finished',
  time: new Date().toISOString(),
  run: `run ${i % 4}`,
  agent: `agent ${i % 7}`,
  task: `task ${i % 5}`,
  data: { call: `call ${Math.floor(i / 3)}`, name: 'search' },
  ...more,
})

async function send(...events: object[]): Promise<unknown> {
  const answer = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  return answer.json()
}

async function sql<R extends object>(text: string): Promise<R[]> {
  const { url } = JSON.parse(await readFile(join(server.data, 'connection.json'), 'utf8')) as { url: string }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

const patient = { timeout: 50_000 }
const doctor = (...args: string[]) => run(['doctor', ...args], env)
interface Findings {
  readonly code: number | null
  /** What is wrong. */
  readonly bad: readonly string[]
  readonly of: (name: string) => Finding | undefined
}
async function findings(...args: string[]): Promise<Findings> {
  const ran = await doctor('--json', ...args)
  const all = JSON.parse(ran.stdout) as Finding[]
  const bad = all.flatMap(({ health, name, what }) => (health === 'bad' ? [`${name}: ${what}`] : []))
  return { code: ran.code, bad, of: (name) => all.find((finding) => finding.name === name) }
}
/** Names of the lines with this mark. */
const marked = ({ stdout }: Ran, mark: string) =>
  stdout.split('\n').flatMap((line) => (line.startsWith(mark) ? [line.slice(5, 25).trim()] : []))

test('a server in order is found in order, also while it takes events', async () => {
  let going = true
  const sending = (async () => {
    for (let i = 0; going; i += 1) await send(work(i), work(i + 1))
  })()
  const ran = await doctor()
  going = false
  await sending
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(marked(ran, 'ok  ')).toEqual([
    'server',
    'clock',
    'disk',
    'fsync',
    'full_page_writes',
    'synchronous_commit',
    'data_checksums',
    'server_version',
    'epoch',
    'log as committed',
    'rows as folded',
    'producers',
    'quarantine',
  ])
})

test('an event that was changed in the database is found, and one that is gone', async () => {
  const [event] = await sql<{ id: string; data: string; partition: number; position: string }>(
    "select id, data, partition, position from log where tenant = 'default' order by position limit 1",
  )
  await sql(`update log set data = '{"call":"another"}' where id = '${event?.id}'`)
  onTestFinished(async () => void (await sql(`update log set data = '${event?.data}' where id = '${event?.id}'`)))
  const ran = await doctor()
  expect(ran.code).toBe(5)
  expect(ran.stdout).toMatch(
    new RegExp(`BAD +log as committed +events were changed, lost or added: first in partition ${event?.partition}, positions `),
  )
  expect(ran.stdout).toMatch(/→ Keep a copy .* restore a backup .* signalbox epoch/)
  expect(ran.stderr).toMatch(/checks found something wrong/)
})

test('a log with an event missing breaks the chain, and does not make the rows wrong', async () => {
  await sql("create table kept_event as select * from log where tenant = 'default' order by position limit 1")
  await sql('delete from log using kept_event where log.id = kept_event.id')
  onTestFinished(async () => void (await sql('insert into log select * from kept_event; drop table kept_event')))
  const found = await findings()
  expect(found.code).toBe(5)
  expect(found.of('log as committed')).toMatchObject({ health: 'bad' })
  expect(found.of('rows as folded')).toMatchObject({ health: 'unknown', what: expect.stringMatching(/^event \d+ of partition \d is gone/) })
})

test('rows that are not what the log folds to are named, and made again by the next start after --refold', async () => {
  await sql(`
    update projections set body = jsonb_set(body::jsonb, '{state}', '"finished"')::json where tbl = 'runs' and key = 'run 1';
    update projections set state = 'failed' where tbl = 'runs' and key = 'run 2';
    delete from projections where tbl = 'tasks' and task = 'task 4';
    insert into projections select position, sort, partition, open, tbl, tenant, 'invented', run, agent, task, state, body from projections where tbl = 'runs' and key = 'run 0'`)
  const before = await findings()
  expect(before.code).toBe(5)
  expect(before.of('log as committed')).toMatchObject({ health: 'good' })
  const { what = '', todo = '' } = before.of('rows as folded') ?? {}
  expect(what).toContain('runs "run 1" of tenant default differs in state')
  expect(what).toContain('runs "run 2" of tenant default differs in column state')
  expect(what).toContain('runs "invented" of tenant default is of no event')
  expect(what).toMatch(/tasks "run \d \/ task 4" of tenant default is missing/)
  expect(todo).toContain('signalbox doctor --refold')

  expect((await findings('--refold')).of('refold')).toMatchObject({ health: 'note', what: 'asked for' })
  await server.terminate()
  await server.start()
  const after = await findings()
  expect(after.of('rows as folded')).toMatchObject({ health: 'good' })
  expect(after).toMatchObject({ code: 0, bad: [] })
})

test('what waits for a person is mentioned and is no failure', async () => {
  const used = work(1)
  await send(used)
  await send({ ...used, data: { other: true } })
  // A number that is missing is told once a thousand later ones are there.
  const numbered = (seq: number) => work(0, { source: 'counting', type: 'log', seq, epoch: 1 })
  await send(...Array.from({ length: 1_100 }, (_, i) => numbered(i < 50 ? i + 1 : i + 4)))
  await expect
    .poll(async () => JSON.stringify(await (await fetch(`${server.url}/v1/producers`)).json()), patient)
    .toContain('counting lost 51 to 53')
  const ran = await doctor()
  expect(ran.code).toBe(0)
  expect(marked(ran, 'note')).toEqual(['producers', 'quarantine'])
  expect(ran.stdout).toContain('counting lost 51 to 53')
  expect(ran.stdout).toContain('items that were not applied: 1 × ID_REUSED')
})

test('a setting of PostgreSQL that can lose what was acknowledged is found', async () => {
  await sql('alter database signalbox set synchronous_commit = off')
  onTestFinished(async () => void (await sql('alter database signalbox reset synchronous_commit')))
  const found = await findings()
  expect(found.code).toBe(5)
  expect(found.of('synchronous_commit')).toMatchObject({
    health: 'bad',
    what: 'off',
    todo: expect.stringContaining('synchronous_commit = on'),
  })
})

test('a clock that is off, a disk that is full, a database that is away', async () => {
  const late = createServer((_request, response) => {
    response.sendDate = false
    response.writeHead(200, { date: new Date(Date.now() - 3_600_000).toUTCString() }).end('{"status":"ok"}')
  }).listen(0, '127.0.0.1')
  await once(late, 'listening')
  onTestFinished(() => void late.close())
  const url = `http://127.0.0.1:${(late.address() as AddressInfo).port}`
  // /proc has no room.
  const [off, away] = await Promise.all([
    run(['doctor', '--url', url], { SIGNALBOX_DATA: '/proc' }),
    run(['doctor'], { ...env, DATABASE_URL: 'postgres://nobody:wrong@127.0.0.1:9/none' }),
  ])
  expect(off.code).toBe(5)
  expect(off.stdout).toMatch(/BAD +clock +this machine and the server differ by 3[56]\d\d s\n +→ Turn on time synchronisation/)
  expect(off.stdout).toMatch(/BAD +disk +0\.0 GiB free for \/proc\n +→ Free some space/)
  expect(off.stdout).toMatch(/\? +database +There is no database in \/proc\./)
  expect(away.code).toBe(5)
  expect(away.stdout).toMatch(/BAD +database +The database does not answer: .*\n +→ Check DATABASE_URL/)
})

test('a copy of the folder is not taken for the original that runs', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'signalbox-copy-'))
  onTestFinished(() => rm(copy, { recursive: true, force: true }))
  await copyFile(join(server.data, 'connection.json'), join(copy, 'connection.json'))
  const ran = await run(['epoch'], { SIGNALBOX_DATA: copy })
  expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(`There is no database in ${copy}.`) })
  expect(await findings()).toMatchObject({ code: 0, bad: [] })
})

test('a new epoch: the running server must be restarted, with nothing running it is begun before the start, and readers begin again', async () => {
  const { cursor } = (await (await fetch(`${server.url}/v1/info`)).json()) as { cursor: string }
  const tail = start(['tail', '--type', 'log', '--json'], env)
  onTestFinished(() => tail.press('SIGKILL'))
  await expect.poll(async () => (await fetch(`${server.url}/metrics`)).text(), patient).toMatch(/live_clients\{transport="websocket"\} 1/)
  expect(await run(['epoch'], env)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The log is of epoch [0-9a-f]{8} /) })
  const found = await findings()
  expect(found).toMatchObject({ code: 5, bad: [expect.stringMatching(/^epoch: /)] })
  expect(found.of('epoch')).toMatchObject({ health: 'bad', todo: expect.stringContaining('restart the server') })

  await server.terminate()
  const ran = await doctor()
  expect(ran.code).toBe(5)
  expect(marked(ran, 'BAD ')).toEqual(['server'])
  expect(ran.stdout).toMatch(/BAD +server +No Signalbox answers at .*\n +→ Start one with "npm start"/)
  expect(marked(ran, 'ok  ')).toEqual(expect.arrayContaining(['log as committed', 'rows as folded']))
  const [, epoch] = /epoch ([0-9a-f]{8})/.exec((await run(['epoch'], env)).stdout) ?? []

  await server.start()
  expect(await (await fetch(`${server.url}/v1/info`)).json()).toMatchObject({ epoch })
  await tail.says('the log is another than before')
  const { frames } = (await (await fetch(`${server.url}/v1/poll?feed=state&wait=0&cursor=${cursor}`)).json()) as {
    frames: { kind: string; reason?: string }[]
  }
  expect(frames.map(({ kind, reason }) => [kind, reason])).toContainEqual(['resync', 'epoch'])
  expect(await findings()).toMatchObject({ code: 0, bad: [] })
  tail.press('SIGINT')
  expect(await tail.done).toMatchObject({ code: 0 })
})
