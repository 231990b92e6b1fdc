import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { oneOfMany, startServer, type TestServer } from '../../../../test/server.ts'
import { type Environment, run, start } from '../testing.ts'

/** As the server of the tests is started; changed for its next start. */
const settings: Record<string, string> = {}
let server: TestServer
let env: Environment
beforeAll(async () => {
  server = await startServer(settings)
  env = { SIGNALBOX_URL: server.url, SIGNALBOX_DATA: server.data }
})
afterAll(() => server[Symbol.asyncDispose]())

const cli = (...args: string[]) => run(args, env)
const port = () => new URL(server.url).port
const up = (more: Environment) =>
  start(['up'], { SIGNALBOX_DATA: server.data, SIGNALBOX_PORT: port(), ...oneOfMany, SIGNALBOX_LOG_LEVEL: 'warn', ...more })

async function create(name: string, ...scope: string[]) {
  const made = await cli('keys', 'create', name, ...scope)
  expect(made.code).toBe(0)
  const [, key = '', id = '', secret = ''] = /^(sbx_([0-9a-f]+)_([0-9a-f]+)_[0-9a-f]{8})\n$/.exec(made.stdout) ?? []
  return { key, id, secret, said: made.stderr }
}

test('a key is shown once, listed without its secret, and revoked once', async () => {
  const { id, secret, said } = await create('for the crew')
  expect(said).toContain(`key ${id} of tenant default (ingest, read). Keep it now`)
  const listed = await cli('keys', 'list')
  expect(listed.stdout).toMatch(
    new RegExp(`ID +TENANT +NAME +MAY +CREATED +REVOKED\\n +${id} +default +for the crew +ingest read +\\d{4}-\\S+ +-\\n`),
  )
  expect(listed.stdout + listed.stderr).not.toContain(secret)
  expect(await cli('keys', 'revoke', id)).toMatchObject({ code: 0, stdout: `Key ${id} is revoked.\n` })
  expect((await cli('keys', 'list')).stdout).toMatch(new RegExp(`${id} .* \\d{4}-\\S+ +\\d{4}-\\S+\\n`))
  expect(await cli('keys', 'revoke', id)).toMatchObject({ code: 2, stderr: expect.stringContaining(`There is no key ${id} in force.`) })
})

test('a key is of the tenant that it was made for', async () => {
  const made = await cli('keys', 'create', 'theirs', '--tenant', 'blue', '--scope', 'ingest,read')
  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('of tenant blue (ingest, read)') })
  expect((await cli('keys', 'list')).stdout).toMatch(/ blue +theirs /)
  const headers = { authorization: `Bearer ${made.stdout.trim()}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ source: 's', type: 'log', time: new Date().toISOString(), agent: 'theirs' })
  expect((await fetch(`${server.url}/v1/events`, { method: 'POST', headers, body })).status).toBe(200)
  const agents = async (init: RequestInit) =>
    ((await (await fetch(`${server.url}/v1/agents`, init)).json()) as { items: { id: string }[] }).items.map(({ id }) => id)
  expect([await agents({ headers }), await agents({})]).toEqual([['theirs'], []])
  const [, id = ''] = /^sbx_([0-9a-f]+)_/.exec(made.stdout) ?? []
  expect(await cli('keys', 'revoke', id)).toMatchObject({ code: 0 })
})

test('wrong usage is told with what there is, and ends with 2', async () => {
  const [tenant, reserved, scope, format, speed, both, command, url, setting] = await Promise.all([
    cli('keys', 'create', 'x', '--tenant', 'a b'),
    cli('keys', 'create', 'x', '--tenant', 'signalbox'),
    cli('keys', 'create', 'x', '--scope', 'read,write'),
    cli('import', '.', '--format', 'csv'),
    cli('replay', 'r', '--speed', 'fast'),
    cli('import', '.', '--format', 'gastown', '--live', '--speed', 'max'),
    cli('dance'),
    cli('state', '--url', 'somewhere'),
    run(['up'], { SIGNALBOX_PORT: 'http' }),
  ])
  for (const refused of [tenant, reserved])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('A tenant has 1 to 64 letters') })
  expect(scope).toMatchObject({ code: 2, stderr: expect.stringContaining('A scope is one of ingest, read, admin') })
  expect(format).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Allowed choices are gastown, claude-code, langfuse, otlp, who-and-when'),
  })
  expect(speed).toMatchObject({ code: 2, stderr: expect.stringContaining('A speed is a number such as 10x, or max.') })
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("'--live' cannot be used with") })
  expect(command).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown command 'dance'") })
  expect(url).toMatchObject({ code: 2, stderr: expect.stringContaining('"somewhere" is no address of a server.') })
  expect(setting).toMatchObject({ code: 2, stderr: expect.stringContaining('SIGNALBOX_PORT must be a whole number, not "http"') })
})

test('a server that cannot start says why in a sentence', async () => {
  const { url } = JSON.parse(await readFile(join(server.data, 'connection.json'), 'utf8')) as { url: string }
  const wrongPassword = Object.assign(new URL(url), { password: 'wrong' }).href
  const [folder, database] = await Promise.all([up({}).done, up({ DATABASE_URL: wrongPassword }).done])
  expect(folder).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Another Signalbox \(pid \d+\) uses .*\. Stop it, or set SIGNALBOX_DATA/),
  })
  expect(database).toMatchObject({ code: 3, stderr: expect.stringContaining('PostgreSQL does not answer: password authentication failed') })

  await server.terminate()
  const taker = createServer().listen(Number(port()), '127.0.0.1')
  await once(taker, 'listening')
  const address = await up({}).done
  taker.close()
  expect(address).toMatchObject({ code: 2, stderr: expect.stringContaining(`127.0.0.1:${port()} is taken`) })
  for (const { stderr } of [folder, database, address]) expect(stderr).not.toMatch(/\n +at /)
  // Its database is gone with it.
  expect((await cli('keys', 'list')).stderr).toContain('is not running; starting it for this command')
})

test('a database that is not there yet is named at once, without its password, and how long it is waited for', async () => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const free = (nobody.address() as { port: number }).port
  nobody.close()
  const waiting = up({ DATABASE_URL: `postgres://someone:hidden-word@127.0.0.1:${free}/x` })
  await waiting.says(`PostgreSQL at 127.0.0.1:${free} does not answer yet; it is waited for up to 30 s`)
  waiting.press('SIGKILL')
  const { stdout, stderr } = await waiting.done
  expect(stdout + stderr).not.toContain('hidden-word')
})

test('one press of Ctrl-C that comes twice stops the server cleanly', async () => {
  await server.terminate()
  const running = up({})
  await running.says('Signalbox is up')
  running.press('SIGINT')
  await running.says('stopping')
  running.press('SIGINT')
  const { code, stdout, stderr } = await running.done
  expect([code, stderr]).toEqual([0, 'signalbox: stopping …\n'])
  // Nothing of the log's after the banner.
  expect(stdout.trimEnd()).toMatch(/Data stays\.$/)
})

test('beyond loopback: no start without a key, which is made while nothing runs; each key does what it may', async () => {
  await server.terminate()
  settings.SIGNALBOX_HOST = '0.0.0.0'
  const closed = await up(settings).done
  expect(closed.code).toBe(2)
  const [, command = ''] = /Make one first \(npm run -s signalbox -- (.*?)\)/.exec(closed.stderr) ?? []
  expect(await cli(...command.split(' '))).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sbx_/) })
  await server.start()
  const read = await create('reader', '--scope', 'read')
  const ingest = await create('sender', '--scope', 'ingest')

  const [without, wrong, other, right] = await Promise.all([
    cli('state'),
    cli('state', '--key', `${read.key.slice(0, -1)}x`),
    cli('state', '--key', ingest.key),
    run(['state', '--url', `${server.url}/`], { SIGNALBOX_KEY: read.key }),
  ])
  expect(without).toMatchObject({ code: 4, stderr: expect.stringContaining('UNAUTHENTICATED') })
  expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining('UNAUTHENTICATED') })
  expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining('FORBIDDEN') })
  expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('0 agents') })
})

test('without a folder of data there is nothing to work on', async () => {
  expect(await run(['keys', 'list'], { SIGNALBOX_DATA: '/nowhere' })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/There is no database in \/nowhere\.\n +A server makes it at its first start/),
  })
})
