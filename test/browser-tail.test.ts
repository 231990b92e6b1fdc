/** The live tail: its language, what it holds, how far back it goes. With a real fleet's events. */
import { readFile } from 'node:fs/promises'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Page } from 'playwright-core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { expectAccessible, expectAccessibleInBothThemes, journeys } from './browser.ts'
import { importRecording } from './import.ts'
import { getAll, getJson, sendEvents, startServer } from './server.ts'

const { url, open, visit, send } = journeys()
const minute = 60_000

beforeAll(() => importRecording('gastown', 'gastown-fleet', url()))

/** Every event that the API has for a filter. */
const eventsOf = (filter: string) => getAll<StoredEvent>(url(`/v1/events?${filter}`))

const ask = (q: string) => `/tail?q=${encodeURIComponent(q)}`
const box = (page: Page) => page.getByRole('combobox', { name: 'Filter events' })
const tail = (page: Page) => page.getByRole('region', { name: 'Live tail' })
const shown = (page: Page) => page.getByTestId('held').textContent()
const first = (page: Page) => page.getByText('The first event that is kept.')

/** Goes to the oldest event. */
async function lookBack(page: Page): Promise<void> {
  await page.getByTestId('events').hover()
  await expect
    .poll(
      async () => {
        await page.getByTestId('events').evaluate((box) => box.scrollTo(0, 0))
        return first(page).count()
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe(1)
}

test('what is shown is what the API has: the server’s part, the page’s part, both, and what neither has', async () => {
  const assigned = await eventsOf('type=task.assigned')
  const to = assigned.filter(({ data }) => String(data.to).includes('polecats'))
  expect(to.length).toBeGreaterThan(100)
  const page = await open(ask('type:task.assigned data.to:*polecats*'))
  await tail(page).getByText('server filters type:task.assigned · page filters data.to:*polecats*').waitFor()
  await lookBack(page)
  await expect.poll(() => shown(page)).toBe(`${to.length.toLocaleString('en')} of ${assigned.length.toLocaleString('en')} shown`)

  const agent = assigned[0]?.agent ?? ''
  const own = await eventsOf(`agent=${encodeURIComponent(agent)}&type=task.*`)
  const others = own.filter(({ type }) => type !== 'task.assigned')
  await page.goto(url(ask(`agent:"${agent}" type:task.* -type:task.assigned`)))
  await lookBack(page)
  await expect.poll(() => shown(page)).toBe(`${others.length.toLocaleString('en')} of ${own.length.toLocaleString('en')} shown`)

  await page.goto(url(ask('type:task.assigned "nobody ever said this"')))
  await page.getByText(`0 of ${assigned.length.toLocaleString('en')} match.`).waitFor()
  await page.getByRole('button', { name: 'Clear 2 filters' }).click()
  await expect.poll(() => new URL(page.url()).search).toBe('')
})

test('the box completes by keys, tells what is wrong and where, and keeps what is shown until it is right', async () => {
  await send({ type: 'tool.failed', agent: 'typed', run: 'typing', data: { name: 'Broken', message: 'the pipe burst' } })
  await send({ type: 'tool.finished', agent: 'typed', run: 'typing', data: { name: 'Whole', message: 'all is well' } })
  const page = await open('/tail?run=typing')
  expect(await box(page).inputValue()).toBe('run:typing')
  await tail(page).getByText('all is well').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.press('End')
  await page.keyboard.type(' ag')
  const options = page.getByRole('option')
  await options.getByText('agent:', { exact: true }).waitFor()
  await page.keyboard.press('ArrowDown')
  expect(await box(page).getAttribute('aria-activedescendant')).toBe(await options.first().getAttribute('id'))
  await page.keyboard.press('Enter')
  await page.keyboard.type('typ')
  await page.getByRole('option', { name: 'typed' }).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  expect(await box(page).inputValue()).toBe('run:typing agent:typed ')
  await page.keyboard.type('is:fail')
  await page.keyboard.press('Escape')
  await page.getByText('An event is never “fail”. Write is: and one of').waitFor()
  expect(await box(page).getAttribute('aria-invalid')).toBe('true')
  await tail(page).getByText('all is well').waitFor()
  await page.keyboard.type('ed')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await tail(page).getByText('all is well').waitFor({ state: 'detached' })
  await tail(page).getByText('the pipe burst').waitFor()
  const { searchParams } = new URL(page.url())
  expect([searchParams.get('q'), searchParams.get('run')]).toEqual(['run:typing agent:typed is:failed', null])
  await page.reload()
  await tail(page).getByText('the pipe burst').waitFor()
  expect(await box(page).inputValue()).toBe('run:typing agent:typed is:failed')
})

test('terms are highlighted, each in its own way, and a link keeps them', async () => {
  await send({ type: 'log', agent: 'marked', run: 'marks', data: { message: 'Connection to db-7 refused, connection closed' } })
  const page = await open(ask('run:marks'))
  await tail(page).getByText('Connection to db-7 refused').waitFor()
  await page.keyboard.press('h')
  await page.keyboard.type('connection')
  await page.keyboard.press('Enter')
  await page.keyboard.type('db-7')
  await page.keyboard.press('Enter')
  const marks = page.getByTestId('events').locator('mark')
  await expect.poll(() => marks.allTextContents()).toEqual(['Connection', 'db-7', 'connection'])
  const styles = await marks.evaluateAll((all) => all.map((mark) => getComputedStyle(mark).textDecorationStyle))
  expect(new Set(styles).size).toBe(2)
  const linked = await visit(page.url(), { theme: 'light' })
  await expect.poll(() => linked.getByTestId('events').locator('mark').count()).toBe(3)
  await expectAccessible(linked)
  await page.getByRole('button', { name: 'Do not highlight connection' }).click()
  await expect.poll(() => marks.allTextContents()).toEqual(['db-7'])
})

test('“since” goes back to that moment, scrolling up further, and the newest is a key away', async () => {
  const batch = (from: number, count: number, ago: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ type: 'log', agent: 'historian', run: 'past', time: new Date(Date.now() - ago).toISOString() },
      data: { message: `entry ${from + i}.` },
    }))
  await send(...batch(0, 300, 120 * minute))
  await send(...batch(300, 700, 30 * minute))
  const page = await open(ask('run:past'))
  await tail(page).getByText('entry 999.').waitFor()
  await page.getByLabel('since').selectOption('1h')
  await tail(page).getByText('entry 300.').waitFor()
  await expect.poll(() => page.getByTestId('events').evaluate((box) => box.scrollTop)).toBeGreaterThan(0)
  await send(...batch(1_000, 2, 0))
  await page.getByRole('button', { name: '+2 new' }).waitFor()
  await lookBack(page)
  await tail(page).getByText('entry 0.', { exact: true }).waitFor()
  await page.keyboard.press('l')
  await tail(page).getByText('entry 1001.').waitFor()
  expect(new URL(page.url()).searchParams.get('since')).toBeNull()
})

test('a line opens in place; what it tells can be asked for, copied and saved to a file', async () => {
  await send(
    { type: 'log', agent: 'opened', run: 'opening', data: { message: 'first', body: '<b>\u202egnp.exe' } },
    { type: 'log', agent: 'other', run: 'opening', data: { message: 'second' } },
  )
  const page = await open(ask('run:opening'))
  await tail(page).getByText('second').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('e')
  await page
    .getByTestId('events')
    .getByText('"body": "<b>\\\\u{202e}gnp.exe"')
    .or(page.getByTestId('events').getByText('\\u{202e}gnp.exe'))
    .first()
    .waitFor()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByTestId('events').getByRole('button', { name: 'copy JSON' }).click()
  await page.getByTestId('events').getByText('copied').waitFor()
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toMatchObject({ agent: 'opened' })
  await expectAccessible(page)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'export' }).click()])
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as StoredEvent).data.message)).toEqual(['first', 'second'])
  await page.getByRole('button', { name: 'Without this agent' }).click()
  await tail(page).getByText('first', { exact: true }).first().waitFor({ state: 'detached' })
  expect(await box(page).inputValue()).toBe('run:opening -agent:opened')
})

test('a pause freezes the view and not the intake, with a filter of the page too', async () => {
  await send({ type: 'log', agent: 'p', run: 'stopped', data: { message: 'seen before' } })
  const page = await open(ask('run:stopped -noise'))
  await tail(page).getByText('seen before').waitFor()
  await page.keyboard.press('Space')
  await send(
    ...Array.from({ length: 30 }, (_, i) => ({
      type: 'log',
      agent: 'p',
      run: 'stopped',
      data: { message: i % 3 === 0 ? `word ${i}` : `noise ${i}` },
    })),
  )
  await tail(page).getByText('paused · 30 buffered').waitFor()
  expect(await tail(page).getByText('word 27').count()).toBe(0)
  await page.keyboard.press('Space')
  await tail(page).getByText('word 27').waitFor()
  await expect.poll(() => shown(page)).toBe('11 of 31 shown')
})

test('a filter that was saved outlives a reload, is applied and removed', async () => {
  await send({ type: 'tool.failed', agent: 'keeper', run: 'keeping', data: { message: 'kept line' } })
  const page = await open('/tail?q=run:keeping&errors=true')
  await tail(page).getByText('kept line').waitFor()
  await page.getByText('saved ▾').click()
  await page.getByLabel('Name of this filter').fill('What broke')
  await page.keyboard.press('Enter')
  await page.getByRole('list', { name: 'Saved filters' }).getByText('What broke').waitFor()
  await expectAccessible(page)
  await page.goto(url('/tail'))
  await page.getByText('saved · 1 ▾').click()
  await page.getByRole('button', { name: 'What broke', exact: true }).click()
  await tail(page).getByText('kept line').waitFor()
  await expect.poll(() => new URL(page.url()).search).toBe('?q=run%3Akeeping&errors=true')
  await page.getByText('saved · 1 ▾').click()
  await page.getByRole('button', { name: 'Remove What broke' }).click()
  await page.getByText('saved ▾').waitFor()
})

test('at a past moment the tail shows what had been stored by then, and nothing comes live', async () => {
  const say = (message: string) => send({ type: 'log', agent: 'then', run: 'moments', data: { message } })
  await say('said before')
  const { items } = await getJson<{ items: StoredEvent[] }>(url('/v1/events?run=moments'))
  const stored = Date.parse(items[0]?.receivedAt ?? '')
  // The server's clock, not ours, and a moment after the commit.
  await expect
    .poll(async () => Date.parse((await getJson<{ serverTime: string }>(url('/v1/info'))).serverTime))
    .toBeGreaterThan(stored + 300)
  const at = stored + 250
  await say('said after')
  const page = await open(`/tail?at=${at}&q=run:moments`)
  await tail(page).getByText('said before').waitFor()
  await tail(page).getByText('up to the moment shown').waitFor()
  expect(await tail(page).getByText('said after').count()).toBe(0)
  expect(await page.getByRole('button', { name: 'pause (space)' }).count()).toBe(0)
  await say('said now')
  await expect.poll(() => shown(page)).toBe('1 shown')
  await page.keyboard.press('Shift+L')
  await tail(page).getByText('said now').waitFor()
  await tail(page).getByText('said after').waitFor()
})

test('when the server goes away what came stays, and it goes on when it is back', async () => {
  const own = await startServer()
  onTestFinished(() => own[Symbol.asyncDispose]())
  const say = (message: string) => sendEvents(own, [{ type: 'log', agent: 'w', run: 'r', data: { message } }])
  await say('before it went')
  const page = await visit(`${own.url}/tail`, { expected: /.*/ })
  await tail(page).getByText('before it went').waitFor()
  await own.kill()
  await tail(page).getByText('not receiving; what came stays').waitFor()
  await tail(page).getByText('before it went').waitFor()
  await own.start()
  await say('after it came back')
  await tail(page).getByText('after it came back').waitFor({ timeout: 60_000 })
  expect(await tail(page).getByText('before it went').count()).toBe(1)
})

test('the tail of a fleet passes axe in both themes: following, opened, wrapped, wrong', async () => {
  const page = await open('/tail?q=type:task.*&mark=the')
  await page.getByTestId('events').locator('mark').first().waitFor()
  await expectAccessibleInBothThemes(page)
  await page.keyboard.press('k')
  await page.keyboard.press('e')
  await page.keyboard.press('w')
  await page.getByTestId('events').getByRole('button', { name: 'copy line' }).waitFor()
  await expectAccessibleInBothThemes(page)
  await box(page).fill('type:task.* (x')
  await page.getByText('The bracket that opens here is not closed').waitFor()
  await expectAccessibleInBothThemes(page)
})
