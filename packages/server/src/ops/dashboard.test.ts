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
  return async (url: string) => (await http.app.inject({ url, headers: { host: 'localhost' } })).body
}

test('every address of the page is the page, and its files are files', async () => {
  const ask = await dashboard()
  for (const path of ['/', '/runs', '/agents/w.1/x', '/runs/a%2Fb?at=1']) expect(await ask(path), path).toBe('the page')
  expect(await ask('/assets/app.js')).toBe('the script')
})

test('a wrong path of the API is no page, and no other file is served by any spelling', async () => {
  const ask = await dashboard()
  for (const path of ['/v1/nothing', '/v1', '/v2/events', '//v1/events', '/V1/events']) expect(await ask(path), path).toContain('NOT_FOUND')
  for (const path of [
    '/.sources',
    '/secret.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '//secret.txt',
    '/assets/%00.js',
  ])
    expect(await ask(path), path).toContain('"status":404')
})
