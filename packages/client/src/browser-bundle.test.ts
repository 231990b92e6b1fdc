/** The SDK as a page gets it: bundled for browsers, run with nothing but the globals that browsers have. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../../../test/server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
let server: TestServer
let folder: string
const bundles = { agent: '', subscribe: '' }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-bundle-'))
  const bundler = join(root, 'node_modules/rolldown/bin/cli.mjs')
  for (const name of ['agent', 'subscribe'] as const) {
    const file = join(folder, `${name}.js`)
    const entry = join(import.meta.dirname, `${name}.ts`)
    await run(process.execPath, [bundler, entry, '--platform', 'browser', '--format', 'iife', '--name', 'sdk', '--file', file])
    bundles[name] = await readFile(file, 'utf8')
  }
  server = await startServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What a page has; the language's own globals are there in any case. */
const pageGlobals = {
  ...{ AbortController, AbortSignal, Blob, TextDecoderStream, TextEncoder, URL, URLSearchParams, WebSocket },
  ...{ clearTimeout, crypto, fetch, performance, setTimeout },
}

test.each(['agent', 'subscribe'] as const)('the bundle of %s has no module of Node left in it, nor any import', (name) => {
  expect(bundles[name]).toContain('var sdk')
  expect(bundles[name]).not.toMatch(/node:|\brequire\(|\bimport\(|^import\b/m)
})

test('the bundle reports and watches against a real server, and prints nothing', async () => {
  const printed: unknown[] = []
  const print = (...words: unknown[]) => printed.push(words)
  const scope = createContext({ ...pageGlobals, console: { log: print, warn: print, error: print } })
  const { createAgent } = runInContext(`${bundles.agent};sdk`, scope) as typeof import('./agent.ts')
  const { subscribe } = runInContext(`${bundles.subscribe};sdk`, scope) as typeof import('./subscribe.ts')
  const problems: string[] = []
  const onProblem = ({ message }: { message: string }) => problems.push(message)
  const agent = createAgent({ url: server.url, agent: 'page-1', run: 'tab', spoolDir: 'none', onProblem })
  await agent.task('Draw', () => agent.tool('paint', () => 'red'))
  await agent.stop()
  const types: string[] = []
  for await (const item of subscribe({ url: server.url, filter: { agent: ['page-1'] }, fromStart: true })) {
    if (item.kind === 'event') types.push(item.event.type)
    if (types.at(-1) === 'agent.stopped') break
  }
  expect(types).toEqual([
    'agent.started',
    'task.created',
    'task.started',
    'tool.started',
    'tool.finished',
    'task.completed',
    'agent.stopped',
  ])
  expect(problems).toEqual([expect.stringContaining('in a browser; leave out spoolDir')])
  expect(agent.stats()).toMatchObject({ sent: 7, queued: 0 })
  expect(printed).toEqual([])
})

test('a page that is left sends at once what waits, over a request that outlives it', async () => {
  const leave = new Set<() => void>()
  const asked: RequestInit[] = []
  const watchedFetch: typeof fetch = (url, init) => {
    asked.push(init ?? {})
    return fetch(url, init)
  }
  const scope = createContext({
    ...pageGlobals,
    fetch: watchedFetch,
    document: { visibilityState: 'hidden' },
    addEventListener: (_type: 'pagehide', listener: () => void) => leave.add(listener),
    removeEventListener: (_type: 'pagehide', listener: () => void) => leave.delete(listener),
  })
  const { createAgent } = runInContext(`${bundles.agent};sdk`, scope) as typeof import('./agent.ts')
  const agent = createAgent({ url: server.url, agent: 'page-2', flushMs: 3_600_000, transport: 'rest' })
  for (const listener of leave) listener()
  // No turn of the event loop is left to a page that goes.
  await Promise.resolve().then(() => Promise.resolve())
  expect(asked).toMatchObject([{ keepalive: true }])
  await agent.stop()
  expect(leave.size).toBe(0)
})

test('an agent that was not stopped sends what it has and does not hold up the end of its Node process', async () => {
  const script = `
    import { createAgent } from '${join(import.meta.dirname, 'agent.ts')}'
    createAgent({ url: '${server.url}', agent: 'left-alone', heartbeatMs: 50, onProblem: ({ message }) => console.log(message) })
  `
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { timeout: 20_000 })
  expect(stdout).toBe('')
  const { items } = (await (await fetch(`${server.url}/v1/events?agent=left-alone`)).json()) as { items: { type: string }[] }
  expect(items.map(({ type }) => type)).toContain('agent.started')
})
