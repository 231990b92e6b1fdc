/** Every screen on a telephone, in both themes: nothing is wider than the page, what the screen is for is in sight, axe finds nothing. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectAccessibleInBothThemes, journeys } from './browser.ts'

const { send, url, visit } = journeys()
const run = 'narrow run'
const lengthy = 'A title that goes on for longer than any telephone is wide, as those of real agents do'
const at = encodeURIComponent(run)

beforeAll(() =>
  send(
    { type: 'run.started', agent: 'lead', run, data: { name: `Run: ${lengthy}` } },
    { type: 'agent.started', agent: 'lead', run, data: { role: 'manager', name: 'Lead', team: 'north' } },
    { type: 'agent.started', agent: 'hand-a', run, data: { role: 'worker', team: 'north', manager: 'lead' } },
    { type: 'task.started', agent: 'lead', run, task: 'all', data: { title: lengthy } },
    { type: 'task.assigned', agent: 'lead', run, task: 'a', data: { to: 'hand-a', title: 'Carry the box', parent: 'all' } },
    { type: 'task.started', agent: 'hand-a', run, task: 'a' },
    { type: 'tool.failed', agent: 'hand-a', run, task: 'a', data: { call: 'c1', name: 'lift', error: lengthy } },
    { type: 'llm.finished', agent: 'hand-a', run, task: 'a', data: { call: 'c2', model: 'large', usage: { input: 1_000, output: 20 } } },
    { type: 'task.assigned', agent: 'lead', run, task: 'b', data: { to: 'hand-b', title: 'Open the box', parent: 'all' } },
    { type: 'task.input_required', agent: 'hand-b', run, task: 'b' },
  ),
)

const narrow = { width: 390, height: 844 }

/** A screen, and what of it must be in sight without scrolling. */
const screens: Readonly<Record<string, { readonly path: string; readonly shows: (page: Page) => ReturnType<Page['locator']> }>> = {
  fleet: { path: '/', shows: (page) => page.getByRole('button', { name: /^Lead ?, / }) },
  'the fleet as a table': { path: '/?view=table', shows: (page) => page.getByRole('table').getByText('Lead').first() },
  'an agent': { path: '/?sel=agent:hand-a', shows: (page) => page.getByRole('complementary', { name: 'Inspector' }).getByText('Spend') },
  runs: { path: '/runs', shows: (page) => page.getByRole('link', { name: /^Run: A title/ }) },
  lanes: { path: `/runs/${at}`, shows: (page) => page.getByText('Carry the box').first() },
  tree: { path: `/runs/${at}/tree`, shows: (page) => page.getByRole('row', { name: /Carry the box/ }) },
  graph: { path: `/runs/${at}/graph`, shows: (page) => page.getByRole('button', { name: /^Lead ?, / }) },
  'the graph of teams': { path: `/runs/${at}/graph?mode=teams`, shows: (page) => page.getByRole('button', { name: /^north, / }) },
  tail: { path: '/tail?since=1h', shows: (page) => page.getByText('task.input_required').first() },
  explore: { path: '/explore', shows: (page) => page.getByRole('heading', { name: /^Duration/ }) },
  pipeline: { path: '/pipeline', shows: (page) => page.getByRole('region', { name: 'The way of an event' }).getByText('Queue') },
  settings: { path: '/settings', shows: (page) => page.getByText('Theme') },
  'the bar of time': { path: '/?travel=true', shows: (page) => page.getByRole('slider', { name: 'Moment' }) },
  'no such run': { path: '/runs/nobody', shows: (page) => page.getByText('No run “nobody” is known here') },
  'no such page': { path: '/nowhere', shows: (page) => page.getByText('There is no such page') },
}

/** Nothing makes the page itself scroll sideways. */
const widthOf = (page: Page) => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth))
const topOf = (page: Page) => page.evaluate(() => document.querySelector('main')?.getBoundingClientRect().top ?? Number.NaN)

test.each(Object.entries(screens))('%s', async (_, { path, shows }) => {
  const page = await visit(url(path), { viewport: narrow })
  await page.getByTestId('connection').getByText('live').waitFor()
  const main = shows(page)
  await main.waitFor()
  await expectAccessibleInBothThemes(page, async () => {
    const box = await main.boundingBox()
    expect(box?.y).toBeLessThan(narrow.height - 40)
    expect(box?.x).toBeLessThan(narrow.width - 20)
    expect(await widthOf(page)).toBe(narrow.width)
    // The page's own head takes two rows, and the bar of time what it needs.
    expect(await topOf(page)).toBeLessThan(path.includes('travel') ? 230 : 90)
  })
})

test('the past is said in one row, with the way back', async () => {
  const page = await visit(url(`/?at=${Date.now()}`), { viewport: narrow })
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor()
  await page.getByRole('button', { name: /^Lead ?, / }).waitFor()
  expect(await topOf(page)).toBeLessThan(135)
  expect(await widthOf(page)).toBe(narrow.width)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Back to live' }).click()
  await page.getByTestId('connection').getByText('live').waitFor()
})

test('the bar of time is opened by a press, and a step that leads nowhere says so', async () => {
  const page = await visit(url('/'), { viewport: narrow })
  await page.getByTestId('connection').getByText('live').waitFor()
  await page.keyboard.press(']')
  await page.getByTestId('step').getByText('There is no later event.').waitFor()
  const button = page.getByRole('button', { name: 'Time travel' })
  await button.click()
  await page.getByRole('slider', { name: 'Moment' }).waitFor()
  expect(await button.getAttribute('aria-expanded')).toBe('true')
  await button.click()
  await page.getByRole('slider', { name: 'Moment' }).waitFor({ state: 'detached' })
})
