import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import AxeBuilder from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openPage, startBrowser } from './browser.ts'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  server = await startServer()
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
})

const open = (path: string, theme: 'dark' | 'light' = 'dark') => openPage(browser, `${server.url}${path}`, { theme })

const send = async (...events: Record<string, unknown>[]) => {
  const response = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events.map((event) => ({ source: 'test', time: new Date().toISOString(), run: 'fleet run', ...event }))),
  })
  expect(await response.json()).toMatchObject({ accepted: events.length, refused: [] })
}

test('space pauses the view, the badge counts what waits, and a link to a paused view opens paused', async () => {
  await send({ type: 'agent.started', agent: 'pausing', data: { role: 'worker', name: 'Pausing' } })
  const page = await open('/')
  const tile = page.getByRole('button', { name: /^Pausing ?, idle/ })
  await tile.waitFor()
  await page.keyboard.press('Space')
  const badge = page.getByTestId('connection')
  await badge.getByText('paused').waitFor()
  expect(new URL(page.url()).searchParams.get('paused')).toBe('true')
  const linked = await openPage(browser, page.url())
  await linked.getByTestId('connection').getByText('paused').waitFor()
  await linked.getByRole('button', { name: /^Pausing ?, idle/ }).waitFor()
  await send({ type: 'task.started', agent: 'pausing', task: 'p', data: {} })
  for (const view of [page, linked]) {
    await view
      .getByTestId('connection')
      .getByText(/^[1-9]\d* buffered/)
      .waitFor()
    expect(await view.getByRole('button', { name: /^Pausing ?, idle/ }).count()).toBe(1)
    await view.keyboard.press('Space')
    await view.getByRole('button', { name: /^Pausing ?, busy/ }).waitFor()
    await view.getByTestId('connection').getByText('live · WebSocket').waitFor()
  }
})

test('a server with keys asks for one: a wrong one is refused in a sentence, a right one opens the same address', async () => {
  const env: Record<string, string> = {}
  const locked = await startServer(env)
  onTestFinished(() => locked[Symbol.asyncDispose]())
  const main = join(import.meta.dirname, '../packages/cli/src/main.ts')
  const create = async (scope: string) => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'keys', 'create', scope, '--scope', scope], {
      env: { ...process.env, SIGNALBOX_DATA: locked.data },
    })
    return /sbx_\S+/.exec(stdout)?.[0] ?? ''
  }
  const key = await create('read')
  const ingest = await create('ingest')
  await locked.terminate()
  env.SIGNALBOX_HOST = '0.0.0.0'
  await locked.start()

  const page = await openPage(browser, `${locked.url}/?view=table`, { expected: /40[13]|WebSocket/ })
  await page.getByRole('heading', { name: 'This server asks for a key' }).waitFor()
  await page.getByTestId('connection').getByText('unauthorised').waitFor()
  const enter = async (text: string) => {
    await page.getByLabel('Read key').fill(text)
    await page.keyboard.press('Enter')
  }
  await enter('hello')
  await page.getByText('This is no whole key.').waitFor()
  await enter(`${key.slice(0, -8)}00000000`)
  await page.getByText('The server does not know this key').waitFor()
  await enter(ingest)
  await page.getByText('This key may not read.').waitFor()
  await enter(key)
  await page.getByRole('heading', { name: 'Nobody is working yet' }).waitFor()
  await page.getByTestId('connection').getByText('live · SSE').waitFor()
  expect(page.url()).toBe(`${locked.url}/?view=table`)
})

test('the table is sorted by its heads, and the order stands in the address', async () => {
  const used = (agent: string, tokens: number) => [
    { type: 'agent.started', agent, data: { role: 'worker', name: agent } },
    { type: 'llm.finished', agent, data: { callId: `call of ${agent}`, model: 'large', usage: { inputTokens: tokens } } },
  ]
  await send(...used('sorted one', 100), ...used('sorted two', 3_000), ...used('sorted three', 20))
  const page = await open('/?view=table&group=none&q=sorted', 'light')
  const names = async () =>
    (
      await page
        .getByRole('row')
        .getByRole('button', { name: /^sorted/ })
        .allTextContents()
    ).map((text) => text.split(',')[0])
  const head = page.getByRole('columnheader', { name: 'tokens' })
  const sorted = async (press: boolean, direction: string, order: string[]) => {
    if (press) await head.getByRole('button').click()
    await expect.poll(names).toEqual(order)
    expect(await head.getAttribute('aria-sort')).toBe(direction)
  }
  await sorted(false, 'none', ['sorted one', 'sorted three', 'sorted two'])
  await sorted(true, 'descending', ['sorted two', 'sorted one', 'sorted three'])
  expect(new URL(page.url()).searchParams.get('sort')).toBe('-tokens')
  await page.reload()
  await sorted(false, 'descending', ['sorted two', 'sorted one', 'sorted three'])
  await sorted(true, 'ascending', ['sorted three', 'sorted one', 'sorted two'])
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html.slice(0, 160)}`)).toEqual([])
})

test('keys step from agent to agent and into a run; a filter without a match says so', async () => {
  await send(...['key a', 'key b', 'key c'].map((agent) => ({ type: 'agent.started', agent, run: 'key run', data: { name: agent } })))
  const page = await open('/?group=none&q=key')
  const inspected = (name: string) => page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name }).waitFor()
  await page.getByRole('button', { name: /^key c/ }).waitFor()
  await page.keyboard.press('j')
  await inspected('key a')
  await page.keyboard.press('ArrowRight')
  await inspected('key b')
  await page.keyboard.press('k')
  await inspected('key a')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/runs\/key%20run/)
  await inspected('key a')

  await page.goto(`${server.url}/?q=key`)
  await page.getByRole('button', { name: /^key c/ }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type(' nobody has this')
  await page.getByText(/^0 of \d+ match/).waitFor()
  await page.getByRole('button', { name: 'Clear the filters' }).click()
  await page.getByRole('button', { name: /^key c/ }).waitFor()
})
