import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../http.ts'
import { dashboardFiles } from './dashboard.ts'

async function dashboard() {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-dashboard-'))
  const folder = join(home, 'dist')
  await mkdir(join(folder, 'assets'), { recursive: true })
  for (const [name, text] of [
    ['index.html', 'the page'],
    ['assets/app.js', 'the script'],
    ['assets/app.js.br', 'the script, packed'],
    ['assets/app.js.gz', 'the script, zipped'],
    ['sw.js', 'the worker'],
    ['.sources', 'a stamp'],
    ['../secret.txt', 'a secret'],
  ] as const)
    await writeFile(join(folder, name), text)
  const config = { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1, drainMs: 0 }
  const http = createHttp({ config, auth: { caller: async () => undefined }, log: pino({ level: 'silent' }) })
  onTestFinished(async () => {
    await http.stop()
    await rm(home, { recursive: true })
  })
  await http.app.register(dashboardFiles({ folder }))
  return (url: string, headers: Record<string, string> = {}) => http.app.inject({ url, headers: { host: 'localhost', ...headers } })
}

test('every address of the page is the page, and its files are files', async () => {
  const get = await dashboard()
  const ask = async (path: string) => (await get(path)).body
  for (const path of ['/', '/runs', '/agents/w.1/x', '/runs/a%2Fb?at=1', '/runs/v1.2', '/runs/v1.2/tree'])
    expect(await ask(path), path).toBe('the page')
  expect(await ask('/assets/app.js')).toBe('the script')
})

test('a wrong path of the API is no page, and no other file is served by any spelling', async () => {
  const get = await dashboard()
  const ask = async (path: string) => (await get(path)).body
  for (const path of ['/v1/nothing', '/v1', '/v2/events', '//v1/events', '/V1/events', '/api/public/otel/v1/traces'])
    expect(await ask(path), path).toContain('NOT_FOUND')
  for (const path of [
    '/.sources',
    '/secret.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '//secret.txt',
    '/assets/%00.js',
    '/runs/../secret.txt',
    '/runs/%2e%2e/secret.txt',
  ])
    expect(await ask(path), path).toContain('"status":404')
})

test('the page and each file come under a policy by which no text becomes script, and no other site reaches them', async () => {
  const get = await dashboard()
  for (const path of ['/', '/assets/app.js', '/sw.js']) {
    const { headers } = await get(path)
    expect(headers, path).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'permissions-policy': expect.stringContaining('camera=()'),
      'content-security-policy': expect.stringContaining("require-trusted-types-for 'script'; trusted-types default"),
    })
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
  }
})

test('who takes compressed files gets those that the build wrote', async () => {
  const get = await dashboard()
  const packed = async (encoding: string) => {
    const { body, headers } = await get('/assets/app.js', { 'accept-encoding': encoding })
    return [body, headers['content-encoding'], headers['content-type'], headers['cache-control']]
  }
  const script = [expect.stringContaining('javascript; charset=utf-8'), 'public, max-age=31536000, immutable']
  expect(await packed('gzip, deflate, br')).toEqual(['the script, packed', 'br', ...script])
  expect(await packed('gzip')).toEqual(['the script, zipped', 'gzip', ...script])
  expect(await packed('identity')).toEqual(['the script', undefined, ...script])
  // Where the build wrote none.
  expect((await get('/', { 'accept-encoding': 'br' })).body).toBe('the page')
})

test('the service worker is asked for anew each time, and may serve every address', async () => {
  const get = await dashboard()
  expect((await get('/sw.js', { 'accept-encoding': 'br' })).headers).toMatchObject({
    'cache-control': 'no-cache',
    'service-worker-allowed': '/',
  })
})
