/** The figures: what the page says is what the API says, and that is what a count over the events and calls says. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'
import { importRecording } from './import.ts'
import { getAll, getJson } from './server.ts'

const { url, open, send } = journeys({ run: 'figures' })

interface Sums {
  readonly calls: number
  readonly errors: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly events: number
}
interface Explored {
  readonly since: string
  readonly until: string
  readonly total: Sums & { readonly points: readonly (readonly number[])[] }
  readonly groups: readonly (Sums & { readonly key: string })[]
}
interface Event {
  readonly time: string
  readonly type: string
  readonly agent?: string
}

const all = <T>(path: string) => getAll<T>(url(path))

/** Of the recordings: whole minutes around all that was recorded. */
let from = 0
let to = 0
let events: readonly Event[] = []
const minute = 60_000
const whole = (count: number) => count.toLocaleString('en')

beforeAll(async () => {
  await importRecording('claude-code', 'claude-code-sessions', url())
  events = await all<Event>('/v1/events?order=asc')
  const times = events.map(({ time }) => Date.parse(time))
  from = Math.floor(Math.min(...times) / minute) * minute
  to = Math.ceil((Math.max(...times) + 1) / minute) * minute
}, 120_000)

const explored = (query = '') =>
  getJson<Explored>(url(`/v1/explore?since=${new Date(from).toISOString()}&until=${new Date(to).toISOString()}${query}`))
const tile = (page: Page, name: string) =>
  page
    .locator('dl > div')
    .filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) })
    .locator('dd > span')
    .first()
const chart = (page: Page, name: string) => page.getByRole('application', { name, exact: true })
const param = (page: Page, name: string) => new URL(page.url()).searchParams.get(name)

test('real sessions: the page says what the API says, and that is what the calls and events come to', async () => {
  const found = await explored('&by=agent')
  const runs = await all<{ id: string }>('/v1/runs')
  const calls = (
    await Promise.all(runs.map(({ id }) => all<{ state: string; agent?: string; usage: Sums }>(`/v1/runs/${encodeURIComponent(id)}/calls`)))
  ).flat()
  const ended = calls.filter(({ state }) => state === 'finished' || state === 'failed')
  expect(ended.length).toBeGreaterThan(100)
  expect(found.total).toMatchObject({
    calls: ended.length,
    errors: ended.filter(({ state }) => state === 'failed').length,
    inputTokens: ended.reduce((sum, { usage }) => sum + usage.inputTokens, 0),
    outputTokens: ended.reduce((sum, { usage }) => sum + usage.outputTokens, 0),
    events: events.length,
  })
  for (const { key, events: count } of found.groups) expect(count, key).toBe(events.filter(({ agent }) => (agent ?? '') === key).length)

  const page = await open(`/explore?from=${from}&to=${to}`)
  await tile(page, 'Calls').waitFor()
  expect(await tile(page, 'Calls').textContent()).toBe(whole(found.total.calls))
  expect(await tile(page, 'Events').textContent()).toBe(whole(found.total.events))
  const [greatest] = found.groups
  const row = page.getByRole('row').filter({ hasText: greatest?.key ?? '' })
  expect(await row.first().getByRole('cell').allTextContents()).toEqual(
    expect.arrayContaining([whole(greatest?.calls ?? 0), whole(greatest?.events ?? 0)]),
  )

  await page.getByRole('button', { name: 'type', exact: true }).click()
  const types = new Map<string, number>()
  for (const { type } of events) types.set(type, (types.get(type) ?? 0) + 1)
  for (const [type, count] of types) await page.getByRole('row', { name: `${type} ${whole(count)}`, exact: true }).waitFor()
})

test('a brush of one chart is the time of all, in the address and on other screens; a double press undoes it', async () => {
  const page = await open(`/explore?from=${from}&to=${to}&by=none`)
  const duration = chart(page, 'Duration')
  await duration.locator('canvas').waitFor()
  const box = await duration.locator('.u-over').boundingBox()
  if (box === null) throw new Error('The chart is nowhere.')
  const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const
  await page.mouse.move(...at(0.25))
  await page.mouse.down()
  await page.mouse.move(...at(0.5), { steps: 4 })
  await page.mouse.up()
  await expect.poll(() => Number(param(page, 'from'))).toBeGreaterThan(from)
  const [start, end] = [Number(param(page, 'from')), Number(param(page, 'to'))]
  expect([start % minute, end % minute]).toEqual([0, 0])
  expect(Math.abs(start - (from + (to - from) * 0.25))).toBeLessThan((to - from) * 0.02 + minute)
  const within = await getJson<Explored>(url(`/v1/explore?since=${new Date(start).toISOString()}&until=${new Date(end).toISOString()}`))
  await expect.poll(() => tile(page, 'Events').textContent()).toBe(whole(within.total.events))
  // It goes along.
  await page.getByRole('link', { name: 'Tail' }).click()
  await page.waitForURL(/\/tail/)
  expect([Number(param(page, 'from')), Number(param(page, 'to'))]).toEqual([start, end])
  await page.goBack()
  await chart(page, 'Duration').dblclick()
  await expect.poll(() => param(page, 'from')).toBeNull()
})

test('by keys alone: the cursor moves, a time is marked and taken, the whole is back', async () => {
  const page = await open(`/explore?from=${from}&to=${to}`)
  const calls = chart(page, 'Calls')
  await calls.locator('canvas').waitFor()
  await calls.focus()
  await page.keyboard.press('Home')
  const said = page.getByRole('region', { name: 'Calls', exact: true }).locator('output')
  await expect.poll(() => said.textContent()).toMatch(/^\d\d.*: .+ \d/)
  const first = await said.textContent()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => said.textContent()).not.toBe(first)
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowRight')
  await page.keyboard.press('Enter')
  await expect.poll(() => Number(param(page, 'to'))).toBeLessThan(to)
  expect(Number(param(page, 'from'))).toBeGreaterThan(from)
  await page.keyboard.press('f')
  await expect.poll(() => param(page, 'from')).toBeNull()
  await page.keyboard.press('x')
  await expect.poll(() => param(page, 'errors')).toBe('true')
})

test('a press of a group narrows all, columns sort, and a figure’s table says what its line draws', async () => {
  const page = await open(`/explore?from=${from}&to=${to}&by=tool`)
  const found = await explored('&by=tool')
  const rows = page.getByRole('region', { name: 'By tool' }).getByRole('row')
  await rows.nth(found.groups.length).waitFor()
  const named = async () =>
    (await page.getByRole('region', { name: 'By tool' }).getByRole('rowheader').allTextContents()).map((text) => text.trim())
  expect(await named()).toEqual(found.groups.map(({ key }) => key))
  await page.getByRole('button', { name: 'Tool', exact: true }).click()
  await expect.poll(named).toEqual(found.groups.map(({ key }) => key).sort())
  expect(param(page, 'sort')).toBe('name')
  const [greatest] = found.groups
  await page.getByRole('button', { name: greatest?.key ?? '', exact: true }).click()
  await expect.poll(() => tile(page, 'Calls').textContent()).toBe(whole(greatest?.calls ?? 0))
  expect(param(page, 'tool')).toBe(greatest?.key)

  await page.getByRole('button', { name: 'Calls as a table' }).click()
  const figures = page.getByRole('region', { name: 'Calls, figures' })
  await figures.getByRole('row').first().waitFor()
  expect(await figures.getByRole('row').count()).toBeGreaterThan(10)
})

test('what happens now appears by itself, and a paused view stays as it is', async () => {
  const now = () => new Date().toISOString()
  const call = (name: string, i: number) => ({
    type: 'tool.finished',
    agent: 'now',
    time: now(),
    data: { call: `${name}${i}`, name, startedAt: new Date(Date.now() - 250).toISOString() },
  })
  await send(...[1, 2, 3].map((i) => call('live', i)))
  const page = await open('/explore?since=15m&by=tool')
  await page.getByRole('row', { name: /^live 3 / }).waitFor()
  await send(call('live', 4))
  await page.getByRole('row', { name: /^live 4 / }).waitFor()
  await page.keyboard.press('Space')
  await page.getByTestId('connection').getByText('paused').waitFor()
  await send(call('live', 5))
  await expect
    .poll(async () => (await getJson<Explored>(url('/v1/explore?by=tool'))).groups.find(({ key }) => key === 'live')?.calls)
    .toBe(5)
  await page.getByRole('row', { name: /^live 4 / }).waitFor()
  await page.keyboard.press('Space')
  await page.getByRole('row', { name: /^live 5 / }).waitFor()
})

test('what is shown is saved as a table and whole', async () => {
  const page = await open(`/explore?from=${from}&to=${to}&by=model`)
  const found = await explored('&by=model')
  await tile(page, 'Calls').waitFor()
  const save = async (name: string) => {
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name }).click()
    return readFile(await (await coming).path(), 'utf8')
  }
  const json = JSON.parse(await save('Download as JSON')) as Explored
  expect([json.total.calls, json.groups.map(({ key }) => key)]).toEqual([found.total.calls, found.groups.map(({ key }) => key)])
  const lines = (await save('Download as CSV')).split('\r\n')
  expect(lines[0]).toBe('time,group,calls,errors,tokens,cost_micros,p50_ms,p95_ms,p99_ms,events')
  const own = lines.slice(1).filter((line) => line.split(',')[1] === '')
  expect(own.reduce((sum, line) => sum + Number(line.split(',')[2] ?? 0), 0)).toBe(found.total.calls)
})

test('nothing that axe finds wrong, in both themes', async () => {
  const page = await open(`/explore?from=${from}&to=${to}&mode=compare`)
  await chart(page, 'Cost').locator('canvas').waitFor()
  await page.getByRole('button', { name: 'Tokens as a table' }).click()
  await expectAccessibleInBothThemes(page)
})
