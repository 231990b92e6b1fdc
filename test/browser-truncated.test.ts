/** More agents, runs or tasks than the server gives at once: each screen says which, in plain words, and says nothing where it has all. */
import { openFeed } from '@signalbox/client/feed.ts'
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
const showOlder = (page: Page) => page.getByRole('button', { name: 'Show older runs' })
const link = (page: Page, name: string) => page.getByRole('link', { name: new RegExp(`^run of ${name}\\b`) })

/** Sends them, and waits until the server's lists have as many. */
async function sendAgents(all: number, ...names: string[]) {
  await sendEvents(server, names.map(started))
  for (const list of ['agents', 'runs']) await expect.poll(async () => (await getAll(`${server.url}/v1/${list}`)).length).toBe(all)
}

/** Keys of the rows that a feed begins with. */
const given = () =>
  new Promise<string[]>((resolve) => {
    const feed = openFeed({
      url: server.url,
      feed: 'state',
      onFrame(frame) {
        if (frame.kind !== 'snapshot') return
        feed.close()
        resolve(frame.rows.map(({ key }) => key))
      },
    })
  })

/** Until who comes begins with it: a snapshot is shared for a second, and what came since is told besides. */
const untilGiven = (name: string) => expect.poll(given).toContain(`run of ${name}`)

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
  await untilGiven('Dan')

  const words = 'There are more agents and runs than are shown: these changed last.'
  for (const [path, row] of [['', tile] as const, ['/runs', link] as const]) {
    const page = await visit(`${server.url}${path}`, { viewport: narrow })
    await isLive(page)
    for (const name of ['Bob', 'Cid', 'Dan']) await row(page, name).waitFor()
    expect(await row(page, 'Ann').count()).toBe(0)
    await expectAccessibleInBothThemes(page, async () => {
      expect(await notice(page).textContent()).toBe(words)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(narrow.width)
      expect((await notice(page).locator('..').boundingBox())?.width).toBe(narrow.width)
    })
    // It shares the first one's connection, and is given what that holds.
    const other = await page.context().newPage()
    await other.goto(page.url())
    await notice(other).getByText(words).waitFor()
  }
})

test('a past moment says it too, and offers no older runs: the list is of now', async () => {
  const past = await visit(`${server.url}/runs?at=${Date.now()}`)
  await past.getByTestId('connection').getByText('viewing the past').waitFor()
  await notice(past).getByText('There are more agents and runs than are shown').waitFor()
  await past.getByText('Figures are of the runs shown.').waitFor()
  expect(await showOlder(past).count()).toBe(0)
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

const figure = (page: Page, text: string) => page.getByRole('region', { name: 'Runs' }).getByText(text, { exact: true })
const rowCount = async (page: Page) => Number(await page.getByRole('table', { name: 'Runs' }).getAttribute('aria-rowcount')) - 1
/** Of the row, which has the run's state and all else. */
const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ has: link(page, name) })

test('older runs are read when asked for, by keys alone, to the last one', async () => {
  const before = (await getAll(`${server.url}/v1/runs`)).length
  const many = Array.from({ length: 400 }, (_, i) => started(`N${i}`))
  await sendEvents(
    server,
    many.map((event, i) => ({ ...event, time: new Date(Date.now() + i).toISOString() })),
  )
  const all = before + many.length
  await expect.poll(async () => (await getAll(`${server.url}/v1/runs`)).length).toBe(all)
  await untilGiven('N399')

  const page = await visit(`${server.url}/runs`, { withoutServiceWorker: true, expected: /status of 503/ })
  await isLive(page)
  await figure(page, 'runs shown').waitFor()
  expect(await rowCount(page)).toBe(3)

  // The server is away for a moment: it is said, and tried again.
  await page.route(/\/v1\/runs\?/, (route) => route.fulfill({ status: 503 }), { times: 1 })
  await page.getByRole('button', { name: 'pause' }).focus()
  await page.keyboard.press('Tab')
  expect(await showOlder(page).evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await page.getByRole('status').filter({ hasText: 'Older runs could not be read: /v1/runs answered 503.' }).waitFor()
  const again = page.getByRole('button', { name: 'Try again' })
  expect(await again.evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')

  // Two pages of 200, in which the three were that the page had.
  await notice(page).getByText('those that changed last and 397 older runs.').waitFor()
  expect(await rowCount(page)).toBe(400)
  await link(page, 'N390').waitFor()

  await showOlder(page).press('Enter')
  const ended = page.getByRole('status').filter({ hasText: 'There are no older runs: all are shown.' })
  await ended.waitFor()
  expect([await showOlder(page).count(), await rowCount(page), await figure(page, 'runs').count()]).toEqual([0, all, 1])
  expect(await ended.evaluate((words) => words === document.activeElement)).toBe(true)
  // Of the others there are as many as there were.
  expect(await notice(page).textContent()).toBe('There are more agents and open tasks than are shown: these changed last.')

  // The list's filters and order are theirs too, what the feed says of them later is shown, and each opens.
  await page.getByRole('searchbox', { name: 'Filter runs' }).fill('run of Ann')
  await expect.poll(() => rowCount(page)).toBe(1)
  await rowOf(page, 'Ann').getByText('running').waitFor()
  await sendEvents(server, [{ type: 'run.finished', agent: 'Ann', run: 'run of Ann' }])
  await rowOf(page, 'Ann').getByText('finished').waitFor()
  await page.getByRole('searchbox', { name: 'Filter runs' }).fill('run of N7')
  await expect.poll(() => rowCount(page)).toBe(11)
  await page.getByRole('button', { name: 'started' }).click()
  await expect
    .poll(async () => (await page.locator('[data-run]').allTextContents()).slice(0, 3))
    .toEqual(['run of N7', 'run of N70', 'run of N71'])
  await link(page, 'N7').click()
  await page.getByRole('heading', { name: 'run of N7' }).waitFor()
})

test('what a filter wants is read alone, and nothing while the page is paused', async () => {
  const finished = (name: string) => ({ type: 'run.finished', agent: name, run: `run of ${name}` })
  await sendEvents(server, [finished('Fay'), ...['Gus', 'Hal'].map(started), finished('Fay too')])
  await expect.poll(async () => (await getAll(`${server.url}/v1/runs?state=finished`)).length).toBeGreaterThan(1)
  await untilGiven('Fay too')

  const page = await visit(`${server.url}/runs?status=finished&q=${encodeURIComponent('of Fay')}`)
  await isLive(page)
  await link(page, 'Fay too').waitFor()
  expect(await rowCount(page)).toBe(1)
  await showOlder(page).click()
  await page.getByRole('status').filter({ hasText: 'No more older runs match.' }).waitFor()
  await expect.poll(async () => (await page.locator('[data-run]').allTextContents()).sort()).toEqual(['run of Fay', 'run of Fay too'])
  // Others were not read.
  await page.getByRole('button', { name: 'running' }).click()
  await showOlder(page).waitFor()
  await page.getByRole('button', { name: 'pause' }).click()
  await page.getByRole('status').filter({ hasText: 'Resume to read older runs.' }).waitFor()
  expect(await showOlder(page).count()).toBe(0)
})
