import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessible, journeys } from './browser.ts'
import { importRecording } from './import.ts'

const { url, open, visit, send } = journeys()

beforeAll(() => importRecording('gastown', 'gastown-fleet', url()))

const parameter = (page: Page, name: string) => new URL(page.url()).searchParams.get(name)
const windowOf = (page: Page) => ({ from: Number(parameter(page, 'from')), to: Number(parameter(page, 'to')) })
const lengthOf = (page: Page) => windowOf(page).to - windowOf(page).from
const slider = (page: Page, name: string) => page.getByRole('slider', { name, exact: true })
const lanes = (page: Page) => page.getByRole('list', { name: 'Lanes, one an agent' }).getByRole('listitem')
const namesOf = (page: Page) => page.locator('[data-lane]').evaluateAll((names) => names.map((name) => name.getAttribute('data-lane')))

const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const minute = 60_000
const given = (run: string, to: string, began: number) => [
  { type: 'task.assigned', agent: 'lead', run, task: to, time: ago(began), data: { to, title: `Work of ${to}`, parent: 'all' } },
  { type: 'task.started', agent: to, run, task: to, time: ago(began - 1_000) },
]
/** A lead that waits for two hands, one of which asks a person, and one that is nobody's. */
async function sendCrew(run: string) {
  await send(
    { type: 'run.started', agent: 'lead', run, time: ago(10 * minute) },
    { type: 'agent.started', agent: 'alone', run, time: ago(10 * minute) },
    { type: 'task.started', agent: 'lead', run, task: 'all', time: ago(10 * minute), data: { title: 'All of it' } },
    ...given(run, 'hand-a', 9 * minute),
    ...given(run, 'hand-b', 8 * minute),
    { type: 'tool.finished', agent: 'hand-a', run, task: 'hand-a', time: ago(6 * minute), data: { call: 'c', name: 'Grep' } },
    { type: 'task.failed', agent: 'hand-a', run, task: 'hand-a', time: ago(5 * minute) },
    { type: 'task.input_required', agent: 'hand-b', run, task: 'hand-b', time: ago(4 * minute) },
  )
}

test('the overview shows what part of a real run is shown; its brush moves by keys and by the pointer', async () => {
  const page = await open('/runs/gastown')
  await slider(page, 'Shown time').waitFor()
  // All of the run at first.
  await expect.poll(() => slider(page, 'End of the shown time').getAttribute('aria-valuenow')).toBe('100')
  await slider(page, 'Start of the shown time').focus()
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('PageUp')
  await expect.poll(() => slider(page, 'Start of the shown time').getAttribute('aria-valuenow')).toBe('30')
  await expect.poll(() => lengthOf(page)).toBeGreaterThan(0)
  const [wide, { to }] = [lengthOf(page), windowOf(page)]
  await slider(page, 'End of the shown time').focus()
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('PageDown')
  await expect.poll(() => lengthOf(page)).toBeLessThan(wide / 2)
  const narrow = lengthOf(page)
  expect(windowOf(page).to).toBeLessThan(to)
  await slider(page, 'Shown time').focus()
  const before = windowOf(page)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(() => windowOf(page).from).toBeLessThan(before.from)
  expect(Math.abs(lengthOf(page) - narrow)).toBeLessThan(3)

  const linked = await visit(page.url())
  await expect
    .poll(() => slider(linked, 'Shown time').getAttribute('aria-valuetext'))
    .toBe(await slider(page, 'Shown time').getAttribute('aria-valuetext'))

  const box = await page.getByRole('group', { name: 'Overview of the run' }).boundingBox()
  if (box === null) throw new Error('No overview.')
  await page.mouse.click(box.x + box.width * 0.8, box.y + box.height / 2)
  await expect.poll(() => slider(page, 'Shown time').getAttribute('aria-valuenow')).toBe('80')
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 })
  await page.mouse.up()
  await expect.poll(() => slider(page, 'Shown time').getAttribute('aria-valuenow')).toBe('50')
})

test('Shift and a drag show what they cover, Escape abandons it', async () => {
  const page = await open('/runs/gastown')
  await slider(page, 'Shown time').waitFor()
  await page.keyboard.press('f')
  await expect.poll(() => lengthOf(page)).toBeGreaterThan(0)
  const whole = windowOf(page)
  const box = await page.getByTestId('lanes').locator('canvas').last().boundingBox()
  if (box === null) throw new Error('The lanes are not drawn.')
  const drag = async () => {
    await page.keyboard.down('Shift')
    await page.mouse.move(box.x + box.width / 4, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + 90, { steps: 3 })
    await page.keyboard.up('Shift')
  }
  await drag()
  await page.keyboard.press('Escape')
  await page.mouse.up()
  expect(windowOf(page)).toEqual(whole)
  await drag()
  await page.mouse.up()
  const length = whole.to - whole.from
  await expect.poll(() => Math.abs(lengthOf(page) - length / 4) / length).toBeLessThan(0.01)
  expect(Math.abs(windowOf(page).from - whole.from - length / 4) / length).toBeLessThan(0.01)
})

test('short gaps, a pinned lane and a collapsed one stand in the address, by keys and by buttons', async () => {
  await sendCrew('crew')
  const page = await open('/runs/crew')
  await expect.poll(() => namesOf(page)).toEqual(['lead', 'hand-a', 'hand-b', 'alone'])
  await page.getByRole('button', { name: /^lead ?, 1 task, 1 open, waits for its workers$/ }).waitFor()
  await page.locator('[data-lane="alone"]').focus()
  await page.keyboard.press('u')
  await expect.poll(() => namesOf(page)).toEqual(['alone', 'lead', 'hand-a', 'hand-b'])
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-lane'))).toBe('alone')
  await page.locator('[data-lane="lead"]').focus()
  await page.keyboard.press('e')
  await expect.poll(() => namesOf(page)).toEqual(['alone', 'lead'])
  await page.keyboard.press('i')
  await expect.poll(() => [parameter(page, 'pin'), parameter(page, 'fold'), parameter(page, 'gaps')]).toEqual(['alone', 'lead', 'true'])
  await page.reload()
  await expect.poll(() => namesOf(page)).toEqual(['alone', 'lead'])
  await lanes(page).getByText('+2 · 2 tasks · ✕ 1 failed').waitFor()
  await page.getByRole('button', { name: 'short gaps (i)', pressed: true }).waitFor()
  await expectAccessible(page)

  const workers = page.getByRole('button', { name: 'Workers of lead', exact: true })
  expect(await workers.getAttribute('aria-expanded')).toBe('false')
  await workers.click()
  await page.getByRole('button', { name: 'Pin alone', exact: true }).click()
  await expect.poll(() => namesOf(page)).toEqual(['lead', 'hand-a', 'hand-b', 'alone'])
  expect([parameter(page, 'pin'), parameter(page, 'fold')]).toEqual([null, null])
})

test('a pinned lane of a real run stays in sight; both themes are accessible', async () => {
  const page = await open('/runs/gastown')
  await expect.poll(() => lanes(page).count()).toBeGreaterThan(10)
  const last = (await namesOf(page)).at(-1) ?? ''
  const linked = await visit(url(`/runs/gastown?gaps=true&pin=${encodeURIComponent(last)}`), { theme: 'light' })
  await expect.poll(() => namesOf(linked).then((names) => names[0])).toBe(last)
  const top = async () => (await lanes(linked).first().boundingBox())?.y
  const before = await top()
  await linked.getByTestId('lanes').evaluate((box) => box.scrollTo(0, box.scrollHeight))
  expect(await top()).toBe(before)
  await expectAccessible(linked)
  await expectAccessible(page)
})
