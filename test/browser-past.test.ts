/** Time travel: scrubbed by keys, linked to, stepped through; every screen shows the rows of the moment, and says that it is the past. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'

const { url, open, visit, send } = journeys({ run: 'past run' })
/** When each act had been committed, epoch ms. */
const moments: number[] = []

interface State {
  readonly agents: readonly { readonly id: string; readonly status?: string }[]
  readonly tasks: readonly { readonly id: string; readonly state: string }[]
}
const json = async <T>(path: string): Promise<T> => (await (await fetch(url(path))).json()) as T
const iso = (at: number) => new Date(at).toISOString()
const stateAt = (at: number) => json<State>(`/v1/state?at=${iso(at)}`)

/** When the newest event was committed, once the clock is past it: the next act is of another moment. */
async function committed(): Promise<number> {
  const { committedAt } = await json<{ committedAt: string }>(`/v1/events/step?at=${iso(Date.now() + 60_000)}&direction=previous`)
  const at = Date.parse(committedAt)
  while (Date.now() <= at) await json('/v1/events?limit=1')
  return at
}

beforeAll(async () => {
  const acts = [
    [
      { type: 'agent.started', agent: 'chief', data: { role: 'manager', name: 'Chief' } },
      { type: 'agent.started', agent: 'ann', data: { role: 'worker', name: 'Ann' } },
    ],
    [{ type: 'task.assigned', agent: 'chief', task: 'dig', data: { to: 'ann', title: 'Dig a hole' } }],
    [{ type: 'task.started', agent: 'ann', task: 'dig', data: {} }],
    [{ type: 'tool.failed', agent: 'ann', task: 'dig', data: { call: 'c1', name: 'Spade', error: 'it broke' } }],
    [{ type: 'task.failed', agent: 'ann', task: 'dig', data: { error: 'no spade' } }],
    [{ type: 'agent.started', agent: 'bob', data: { role: 'worker', name: 'Bob' } }],
  ]
  for (const act of acts) {
    await send(...act)
    moments.push(await committed())
  }
})
const momentOf = (act: number): number => moments[act] ?? 0

const agents = async (page: Page) =>
  (await page.getByRole('button', { name: /^(Chief|Ann|Bob) ?, / }).allTextContents()).map((text) => text.slice(0, 3)).sort()
const shownAt = (page: Page) =>
  expect.poll(async () => Number(new URL(page.url()).searchParams.get('at')) || undefined, { timeout: 10_000 })

test('a link to a moment shows what was then, says so, and one key leads back to what is live', async () => {
  const page = await open(`/?at=${momentOf(2)}&group=none`)
  const banner = page.getByRole('region', { name: 'Viewing the past' })
  await banner.getByText('Viewing the past').waitFor()
  const { agents: then } = await stateAt(momentOf(2))
  await expect.poll(() => agents(page), { timeout: 10_000 }).toEqual(['Ann', 'Chi'])
  expect(then.map(({ id }) => id).sort()).toEqual(['ann', 'chief'])
  await page.getByRole('button', { name: /^Ann ?, busy/ }).waitFor()
  expect(await page.title()).toMatch(/^Past \d\d:\d\d:\d\d · /)
  await page.getByTestId('past-frame').waitFor()
  await page.getByTestId('connection').getByText(/past/).first().waitFor()

  // What comes in meanwhile does not show through, and is there on the way back.
  await send({ type: 'agent.status', agent: 'ann', data: { status: 'waiting' } })
  await page.keyboard.press('L')
  await banner.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /^Ann ?, waiting/ }).waitFor()
  await expect.poll(() => agents(page), { timeout: 10_000 }).toEqual(['Ann', 'Bob', 'Chi'])
  await shownAt(page).toBe(undefined)
  expect(await page.title()).not.toContain('Past')
})

test('keys step from error to error and to what was handed on, and each moment is in the address', async () => {
  const page = await open(`/?at=${momentOf(0)}&group=none`)
  await expect.poll(() => agents(page), { timeout: 10_000 }).toEqual(['Ann', 'Chi'])
  await page.keyboard.press('}')
  await page.getByTestId('step').getByText('tool.failed · ann · dig').waitFor()
  await shownAt(page).toBe(momentOf(3))
  await page.keyboard.press('}')
  await page.getByTestId('step').getByText('task.failed · ann · dig').waitFor()
  await shownAt(page).toBe(momentOf(4))
  await page.keyboard.press('<')
  await page.getByTestId('step').getByText('task.assigned · chief · dig').waitFor()
  await shownAt(page).toBe(momentOf(1))
  await page.keyboard.press('[')
  await shownAt(page).toBe(momentOf(0))
  await page.keyboard.press('{')
  await page.getByTestId('step').getByText('There is no earlier error.').waitFor()
  // Another screen shows the same moment.
  await page.keyboard.press(']')
  await shownAt(page).toBe(momentOf(1))
  await page.getByRole('link', { name: 'Runs' }).click()
  await page.waitForURL(/\/runs\?/)
  expect(new URL(page.url()).searchParams.get('at')).toBe(String(momentOf(1)))
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor()
})

test('the bar of time is a slider that keys and the pointer move, without a fault in both themes', async () => {
  const page = await open('/?group=none&span=all')
  await page.getByRole('button', { name: /^Bob ?, / }).waitFor()
  await page.keyboard.press('T')
  const slider = page.getByRole('slider', { name: 'Moment' })
  await slider.waitFor()
  expect(await slider.getAttribute('aria-valuetext')).toBe('live')
  await expectAccessibleInBothThemes(page)
  // The window is then seconds long: a hundredth of it is less than what counts as live.
  const edgeOfWindow = async (edge: 'min' | 'max') => Number(await slider.getAttribute(`aria-value${edge}`))
  await expect.poll(async () => (await edgeOfWindow('max')) - (await edgeOfWindow('min'))).toBeLessThan(25_000)
  await slider.press('ArrowLeft')
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor()
  expect(await slider.getAttribute('aria-valuetext')).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d, .* ago$/)
  await slider.press('Home')
  // What is kept begins with the first act.
  await expect.poll(() => agents(page), { timeout: 10_000 }).not.toContain('Bob')
  await expectAccessibleInBothThemes(page)
  const box = await slider.boundingBox()
  if (box === null) throw new Error('The slider is not shown.')
  await page.mouse.move(box.x + box.width * 0.98, box.y + 10)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width - 1, box.y + 10, { steps: 5 })
  await page.mouse.up()
  await slider.press('End')
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor({ state: 'detached' })
  await expect.poll(() => agents(page), { timeout: 10_000 }).toContain('Bob')
  await page.keyboard.press('T')
  await slider.waitFor({ state: 'detached' })
})

test('a run of a moment is what it was then, with what had ended', async () => {
  const page = await open(`/runs/past%20run?at=${momentOf(3)}`)
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor()
  const { tasks } = await json<State>(`/v1/state?run=past%20run&at=${iso(momentOf(3))}`)
  expect(tasks).toMatchObject([{ id: 'dig', state: 'working' }])
  const line = page.getByText('Dig a hole').first()
  await line.waitFor()
  await page
    .getByText(/working/)
    .first()
    .waitFor()
  await page.keyboard.press(']')
  await shownAt(page).toBe(momentOf(4))
  await page
    .getByText(/failed/)
    .first()
    .waitFor()
})

test('a task that had ended is known to who opens it from the fleet of a moment', async () => {
  const selected = (act: number) => `/?at=${momentOf(act)}&group=none&sel=${encodeURIComponent('task:past run\u001fdig')}`
  const page = await open(selected(5))
  const inspector = page.getByRole('complementary')
  await inspector.getByRole('heading', { name: 'Dig a hole' }).waitFor()
  await inspector.getByText('no spade').first().waitFor()
  // A step back it had not ended yet, and before it was given it was not.
  await page.keyboard.press('[')
  await shownAt(page).toBe(momentOf(4))
  await page.keyboard.press('[')
  await shownAt(page).toBe(momentOf(3))
  await inspector.getByText('no spade').first().waitFor({ state: 'detached' })
  await inspector.getByRole('heading', { name: 'Dig a hole' }).waitFor()
  const before = await open(selected(0))
  await before.getByText('This task is not known here.').waitFor()
})

test('the fleet of a moment tells the rates that it had then', async () => {
  const told = await json<{ ids: string[]; errorsLast5Minutes: number[]; spark: number[][] | null }>(
    `/v1/fleet/rates?at=${iso(momentOf(4))}`,
  )
  expect(told.ids).toContain('ann')
  const page = await open('/?group=none')
  await page.getByRole('button', { name: /^Bob ?, / }).waitFor()
  const asked = page.waitForResponse((response) => response.url().includes('/v1/fleet/rates?at='))
  await page.goto(url(`/?at=${momentOf(4)}&group=none`))
  expect(await (await asked).json()).toEqual(told)
})

test('the past plays, waits for nothing where nothing happens, and ends live', async () => {
  const page = await open(`/?at=${momentOf(0)}&group=none&travel=true`)
  await page.getByRole('slider').waitFor()
  await page.getByLabel('Speed').selectOption('16')
  await page.getByRole('button', { name: 'Play' }).click()
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor({ state: 'detached', timeout: 30_000 })
  await page.getByRole('button', { name: 'Play' }).waitFor()
  await expect.poll(() => agents(page), { timeout: 10_000 }).toContain('Bob')
})

test('a moment that is no longer kept is refused in a sentence, and the way back is open', async () => {
  const page = await visit(url('/'), { expected: /410/, withoutServiceWorker: true })
  await page.getByRole('button', { name: /^Bob ?, / }).waitFor()
  await page.route('**/v1/state/rows?*', (route) =>
    route.fulfill({ status: 410, json: { code: 'HISTORY_GONE', detail: 'The log of partition 0 starts at 90.' } }),
  )
  await page.keyboard.press('[')
  await page.getByRole('alert').getByText('This moment is no longer kept. The log of partition 0 starts at 90.').waitFor()
  await page.getByRole('button', { name: /^Back to live/ }).click()
  await page.getByRole('region', { name: 'Viewing the past' }).waitFor({ state: 'detached' })
})
