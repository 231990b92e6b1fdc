import { once } from 'node:events'
import { crc32 } from 'node:zlib'
import { pino } from 'pino'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { startApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createHttp } from '../http.ts'
import { openStore } from '../store/open.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { createAuth, createKeys } from './auth.ts'

const log = pino({ level: 'silent' })
afterAll(stopDatabases)

async function keyed() {
  const url = await withDatabase()
  const store = await openStore({ url, config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 }, log })
  return { url, store, keys: createKeys(store.pool) }
}

test('beyond loopback: no start without a key, then each key opens what its scopes say', async () => {
  const { url, store, keys } = await keyed()
  const config = readConfig({ DATABASE_URL: url, SIGNALBOX_HOST: '0.0.0.0', SIGNALBOX_PORT: '0' })
  await expect(startApp(config, { log })).rejects.toThrow(/there is no key/i)
  const reader = await keys.create('reader', ['read'])
  const sender = await keys.create('sender', ['ingest'])
  const app = await startApp(config, { log })
  const base = app.url.replace('localhost', '127.0.0.1')
  const status = async (path: string, key?: string, init: RequestInit = {}) =>
    (await fetch(base + path, { ...init, headers: { ...init.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) } }))
      .status
  const event = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([]) }
  try {
    expect(await status('/v1/info')).toBe(401)
    expect(await status('/v1/info', `${reader.key.slice(0, -1)}${reader.key.endsWith('0') ? '1' : '0'}`)).toBe(401)
    expect(await status('/v1/info', reader.key)).toBe(200)
    expect(await status('/v1/info', sender.key)).toBe(403)
    expect(await status('/v1/events', reader.key, event)).toBe(403)
    expect(await status('/v1/events', sender.key, event)).toBe(200)
    expect(await status('/metrics')).toBe(401)
    expect(await status('/livez')).toBe(200)
  } finally {
    await app.stop()
    await store.stop()
  }
})

test('on loopback only who is on this machine needs no key: a proxy there speaks for others', async () => {
  const { url, store } = await keyed()
  const app = await startApp(readConfig({ DATABASE_URL: url, SIGNALBOX_PORT: '0' }), { log })
  onTestFinished(async () => {
    await app.stop()
    await store.stop()
  })
  const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(app.url + path, { headers })).status
  for (const path of ['/v1/info', '/metrics']) {
    expect(await status(path)).toBe(200)
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) expect(await status(path, { [name]: '192.0.2.7' })).toBe(401)
  }
  expect(await status('/livez', { 'x-forwarded-for': '192.0.2.7' })).toBe(200)
})

test('a revoked key stops within five seconds; only a hash of the secret is stored', async () => {
  const { store, keys } = await keyed()
  let now = 1_000
  const auth = createAuth(store.pool, { host: '0.0.0.0' }, () => now)
  const { key, id } = await keys.create('one', ['read'])
  const ask = () => auth.caller({ headers: { authorization: `Bearer ${key}` } })
  expect((await ask())?.scopes.has('read')).toBe(true)
  expect(await keys.revoke(id)).toBe(true)
  now += 5_001
  expect(await ask()).toBeUndefined()
  expect(await keys.revoke(id)).toBe(false)
  const { rows } = await store.pool.query('select * from keys')
  const [, , secret = ''] = key.split('_')
  expect(JSON.stringify(rows)).not.toContain(secret)
  await store.stop()
})

test('while the database is away a request with a key gets 503, one that needs no key its answer', async () => {
  const said: { route?: string; msg: string }[] = []
  const http = createHttp({
    config: { ...readConfig({}), host: '127.0.0.1', port: 0 },
    auth: createAuth({ query: () => Promise.reject(new Error('connect ECONNREFUSED')) }, { host: '0.0.0.0' }),
    log: pino({}, { write: (line: string) => said.push(JSON.parse(line)) }),
  })
  http.app.get('/open', async () => 'ok')
  http.app.get('/closed', { config: { scope: 'read' } }, async () => 'secret')
  http.upgrades.on('/socket', 'read', [], (socket) => socket.close())
  const key = `sbx_00_00_${crc32('sbx_00_00').toString(16).padStart(8, '0')}`
  http.upgrades.on('/late', 'read', [], (socket) => socket.close(), {
    mayWait: () => true,
    wait: (socket, _request, admit) =>
      void admit(key).then((found) => socket.close(1013, 'refused' in found ? found.refused.code : 'let in')),
  })
  const url = await http.listen()
  onTestFinished(() => http.stop())
  const headers = { authorization: `Bearer ${key}` }
  expect((await fetch(`${url}/open`, { headers })).status).toBe(200)
  const refused = await fetch(`${url}/closed?q=private`, { headers })
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
    503,
    '1',
    { code: 'STORE_UNAVAILABLE' },
  ])
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(503)
  const [, reason] = await once(new WebSocket(`${url.replace('http', 'ws')}/late`), 'close')
  expect(String(reason)).toBe('STORE_UNAVAILABLE')
  expect(said.map(({ route }) => route)).toEqual(['/closed', '/socket', '/late'])
  expect(JSON.stringify(said)).not.toContain('private')
  expect(JSON.stringify(said)).not.toContain(key)
})

test('clients that can say only Basic give their key as password or user; what is no key is none', async () => {
  const { store, keys } = await keyed()
  const { key, id } = await keys.create('one', ['ingest'])
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const asking = (host: string) => {
    const auth = createAuth(store.pool, { host })
    return async (text: string, more: Record<string, string> = {}) =>
      (await auth.caller({ headers: { authorization: basic(text), ...more } }))?.keyId ?? 'nobody'
  }
  const outside = asking('0.0.0.0')
  expect(await Promise.all([`pk-lf-1:${key}`, `${key}:`, `${key}:anything`].map((text) => outside(text)))).toEqual([id, id, id])
  expect(await Promise.all(['pk-lf-1:sk-lf-2', 'pk:sbx_00_00_00000000', '', ':'].map((text) => outside(text)))).toEqual(
    Array(4).fill('nobody'),
  )
  const inside = createAuth(store.pool, { host: '127.0.0.1' })
  const scopesOf = async (headers: Record<string, string>) => [...((await inside.caller({ headers }))?.scopes ?? [])].join(' ')
  expect(await scopesOf({ authorization: basic('pk-lf-1:sk-lf-2') })).toBe('ingest read admin')
  expect(await scopesOf({ authorization: basic(`pk:${key}`) })).toBe('ingest')
  expect(await scopesOf({ authorization: basic('pk:sbx_00_00_00000000') })).toBe('')
  expect(await scopesOf({ authorization: basic('pk-lf-1:sk-lf-2'), 'x-forwarded-for': '192.0.2.7' })).toBe('')
  await store.stop()
})

test('who must not wait is known by a key that was good, until it is looked up again; a new key is waited for a moment only', async () => {
  const { store, keys } = await keyed()
  onTestFinished(() => store.stop())
  let now = 0
  let isFrozen = false
  const asked: string[] = []
  const pool = {
    query: (...args: Parameters<typeof store.pool.query>) => {
      asked.push('')
      return isFrozen ? new Promise(() => {}) : store.pool.query(...args)
    },
  } as unknown as Pick<typeof store.pool, 'query'>
  const auth = createAuth(pool, { host: '0.0.0.0' }, () => now)
  const { key, id } = await keys.create('agent', ['ingest'])
  const other = await keys.create('other', ['ingest'])
  const prompt = (of: string) => auth.promptCaller({ headers: { authorization: `Bearer ${of}` } })
  expect(await prompt(key)).toMatchObject({ keyId: id })
  expect(await prompt('sbx_wrong')).toBeUndefined()
  now = 3_600_000
  isFrozen = true
  asked.length = 0
  expect(await Promise.all([prompt(key), prompt(key), prompt(key)])).toMatchObject(Array(3).fill({ keyId: id }))
  expect(asked).toHaveLength(1)
  // Nobody is let in unseen; the clock of the wait stands where the look began.
  const look = prompt(other.key)
  now += 250
  await expect(prompt(other.key)).rejects.toThrow('in time')
  await expect(look).rejects.toThrow('in time')
})
