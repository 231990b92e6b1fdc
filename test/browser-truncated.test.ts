/** More agents, runs or tasks than the server gives at once: each screen says which, in plain words, and says nothing where it has all. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessibleInBothThemes, visits } from './browser.ts'
import { getAll, sendEvents, startServer, type TestServer } from './server.ts'

const visit = visits()
let server: TestServer
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_STATE_ROWS: '3', SIGNALBOX_PARTITIONS: '1' })
})
afterAll(() => server?.[Symbol.asyncDispose]())

const narrow = { width: 390, height: 844 }
const notice = (page: Page) => page.getByRole('status').filter({ hasText: 'There are more' })
const isLive = (page: Page) => page.getByTestId('connection').getByText('live').waitFor()
const started = (name: string) => ({ type: 'agent.started', agent: name, run: `run of ${name}`, data: { name } })
const tile = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}\\b`) })
const link = (page: Page, name: string) => page.getByRole('link', { name: new RegExp(`^run of ${name}\\b`) })

/** Sends them, and waits until the server's lists have as many. */
async function sendAgents(all: number, ...names: string[]) {
  await sendEvents(server, names.map(started))
  for (const list of ['agents', 'runs']) await expect.poll(async () => (await getAll(`${server.url}/v1/${list}`)).length).toBe(all)
}

test('the fleet and the runs say that there are more than are shown, and only then', async () => {
  await sendAgents(3, 'Ann', 'Bob', 'Cid')
  const whole = await visit(server.url)
  await isLive(whole)
  await tile(whole, 'Ann').waitFor()
  expect(await notice(whole).count()).toBe(0)
  const wholeRuns = await visit(`${server.url}/runs`)
  await isLive(wholeRuns)
  await link(wholeRuns, 'Ann').waitFor()
  expect(await notice(wholeRuns).count()).toBe(0)

  await sendAgents(4, 'Dan')
  // Who was there before has all of them.
  await tile(whole, 'Dan').waitFor()
  expect([await tile(whole, 'Ann').count(), await notice(whole).count()]).toEqual([1, 0])

  const words = 'There are more agents and runs than are shown: these changed last.'
  for (const [path, row] of [['', tile] as const, ['/runs', link] as const]) {
    const page = await visit(`${server.url}${path}`, { viewport: narrow })
    await isLive(page)
    for (const name of ['Bob', 'Cid', 'Dan']) await row(page, name).waitFor()
    expect(await row(page, 'Ann').count()).toBe(0)
    await expectAccessibleInBothThemes(page, async () => {
      expect(await notice(page).textContent()).toBe(words)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(narrow.width)
      expect((await notice(page).boundingBox())?.width).toBe(narrow.width)
    })
    // It shares the first one's connection, and is given what that holds.
    const other = await page.context().newPage()
    await other.goto(page.url())
    await notice(other).getByText(words).waitFor()
  }
})

test('a run says it of its own rows', async () => {
  const run = 'large run'
  // Of a run five times as many rows are sent.
  const tasks = Array.from({ length: 16 }, (_, i) => `${i}`)
  await sendEvents(
    server,
    tasks.map((task) => ({ type: 'task.started', agent: 'Eve', run, task, data: { title: `Part ${task}` } })),
  )
  await expect.poll(async () => (await getAll(`${server.url}/v1/tasks?run=${encodeURIComponent(run)}`)).length).toBe(16)
  for (const screen of ['', '/tree', '/graph']) {
    const page = await visit(`${server.url}/runs/${encodeURIComponent(run)}${screen}`)
    await notice(page).getByText('There are more tasks than are shown: these changed last.').waitFor()
  }
  const small = await visit(`${server.url}/runs/${encodeURIComponent('run of Eve')}`)
  await small.getByText('No run “run of Eve” is known here').waitFor()
  await sendEvents(server, [started('Eve')])
  await small.getByRole('heading', { name: 'run of Eve' }).waitFor()
  expect(await notice(small).count()).toBe(0)
})
