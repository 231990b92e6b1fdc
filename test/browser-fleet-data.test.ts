import type { Totals } from '@signalbox/model/rows.ts'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'
import { importRecording } from './import.ts'
import { getAll } from './server.ts'

const { url, open, send } = journeys({ run: 'now' })
const patient = { timeout: 30_000 } as const

beforeAll(async () => {
  await importRecording('gastown', 'gastown-fleet', url())
  await send(
    { type: 'agent.started', agent: 'lead', data: { role: 'manager', name: 'Zz Lead', team: 'blue', host: 'east', model: 'large' } },
    { type: 'agent.started', agent: 'hand', data: { role: 'worker', name: 'Zz Hand', manager: 'lead', team: 'blue', host: 'west' } },
    { type: 'task.started', agent: 'hand', task: 'dig', data: { title: 'Dig the pit' } },
    { type: 'agent.status', agent: 'hand', data: { status: 'stuck' } },
  )
}, 120_000)

/** As the API tells them, of what is looked at here. */
interface Agent {
  readonly id: string
  readonly name: string
  readonly status?: string
  readonly totals: Totals
}
interface Run {
  readonly id: string
  readonly name?: string
  readonly state: string
  readonly startedAt: string
}

const all = <T>(path: string) => getAll<T>(url(path))

test('totals, statuses and each row are what the API says', async () => {
  let agents: readonly Agent[] = []
  const stuck = async () => {
    agents = await all<Agent>('/v1/agents')
    return agents.filter(({ status }) => status === 'stuck').length
  }
  await expect.poll(stuck, patient).toBe(1)
  expect(agents.length).toBeGreaterThan(20)
  const page = await open('/?view=table&group=none&sort=-tokens')
  const fleet = page.getByRole('region', { name: 'Fleet' })
  await fleet.getByText(agents.length.toLocaleString('en'), { exact: true }).first().waitFor()
  const statuses = page.getByRole('group', { name: 'Only agents that are' })
  for (const status of ['busy', 'stuck', 'idle'] as const) {
    const count = agents.filter((agent) => agent.status === status).length
    await statuses.getByRole('button', { name: new RegExp(`${count.toLocaleString('en')}\\s*${status}`) }).waitFor()
  }
  const tokens = ({ totals }: Agent) => totals.inputTokens + totals.outputTokens
  const greatest = agents.toSorted((a, b) => tokens(b) - tokens(a)).slice(0, 5)
  for (const agent of greatest) {
    if (tokens(agent) === 0) break
    const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: agent.name }) })
    const cells = await row.first().getByRole('cell').allTextContents()
    expect(cells[2]).toContain(agent.status ?? 'seen')
    expect(cells.join(' ')).toContain(agent.totals.errors === 0 ? '–' : `✕ ${agent.totals.errors}`)
  }
})

test('terms of the filter find by field, groups have heads with sums, and folding stands in the address', async () => {
  const page = await open('/?group=team&mode=tiles&q=zz')
  await page.getByRole('heading', { name: 'blue' }).waitFor()
  const hand = page.getByRole('button', { name: /^Zz Hand ?, stuck/ })
  await hand.waitFor()
  await page.getByText('✕ 1 in trouble').waitFor()
  await page.getByRole('button', { name: 'Fold group blue' }).click()
  await hand.waitFor({ state: 'detached' })
  expect(new URL(page.url()).searchParams.get('fold')).toBe('blue')
  await page.reload()
  await page.getByRole('button', { name: 'Open group blue' }).waitFor()
  await page.keyboard.press('e')
  await hand.waitFor()
  await page.getByLabel('Filter agents').fill('team:blue host:east')
  await hand.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /^Zz Lead/ }).waitFor()
  await page.goto(url('/?group=none&mode=tiles&team=blue&host=west'))
  await hand.waitFor()
  await page.getByRole('button', { name: 'Remove the filter host west' }).click()
  await page.getByRole('button', { name: /^Zz Lead/ }).waitFor()
})

test('a selection survives grouping, sorting, density and view', async () => {
  const page = await open('/?sel=agent:hand')
  const chosen = () => page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Zz Hand' }).waitFor()
  await chosen()
  for (const group of ['status', 'model', 'none']) await page.getByLabel('Group by').selectOption(group)
  await page.getByLabel('Sort by').selectOption('-tok/min')
  const pressed = page.getByRole('button', { name: /^Zz Hand/, pressed: true })
  for (const density of ['tiles', 'compact']) {
    await page.getByLabel('Density').selectOption(density)
    await pressed.waitFor()
  }
  await page.getByLabel('Density').selectOption('heat')
  await page.getByRole('gridcell', { name: 'Zz Hand, stuck, Dig the pit', selected: true }).waitFor()
  await page.keyboard.press('v')
  await pressed.waitFor()
  await chosen()
})

test('dots: keys walk them, a click selects, and what is pointed at is told', async () => {
  const page = await open('/?mode=heat&group=none&q=zz')
  const grid = page.getByRole('grid', { name: 'Agents as dots' })
  await grid.waitFor()
  const chosen = (name: string) => page.getByRole('gridcell', { name: new RegExp(`^${name}`), selected: true }).waitFor()
  await page.keyboard.press('j')
  await chosen('Zz Hand')
  await page.keyboard.press('ArrowRight')
  await chosen('Zz Lead')
  await page.keyboard.press('Home')
  await chosen('Zz Hand')
  expect(await grid.getAttribute('aria-activedescendant')).toBe(await page.getByRole('gridcell').getAttribute('id'))
  await page.keyboard.press('Escape')
  await grid.hover({ position: { x: 30, y: 8 } })
  await page.getByText('Zz Lead').waitFor()
  await page.mouse.down()
  await page.mouse.up()
  await chosen('Zz Lead')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/runs\/now/)
})

test('who needs attention is named first; acknowledged by a key it is calmer, for other pages too', async () => {
  const page = await open('/?mode=tiles')
  const strip = page.getByRole('region', { name: 'Needs attention' })
  const acknowledged = (on: Page, is: boolean) =>
    on.getByRole('region', { name: 'Needs attention' }).getByRole('button', { name: 'Acknowledge: Zz Hand stuck', pressed: is }).waitFor()
  await acknowledged(page, false)
  const first = await strip.getByRole('listitem').first().textContent()
  expect(first).toMatch(/stuck/)
  await page.keyboard.press('n')
  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Zz Hand' }).waitFor()
  await page.keyboard.press('a')
  await acknowledged(page, true)
  await page.getByRole('button', { name: /^Zz Hand ?, stuck/ }).waitFor()
  const other = await open('/')
  await acknowledged(other, true)
  await page.keyboard.press('a')
  await acknowledged(page, false)
  await strip.getByTitle('Show only these').click()
  await expect.poll(() => new URL(page.url()).searchParams.get('status'), patient).toBe('attention')
  await page.getByRole('button', { name: /^Zz Hand ?, stuck/ }).waitFor()
})

test('rates come from the server and go on from what arrives', async () => {
  const used = (call: string, tokens: number) =>
    send({ type: 'llm.finished', agent: 'meter', data: { call, model: 'large', usage: { inputTokens: tokens }, costMicros: 2_000_000 } })
  await used('first', 1_000)
  const page = await open('/?view=table&group=none&q=meter')
  const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: /^meter/ }) })
  const cells = () => row.getByRole('cell').allTextContents()
  // What the server told of the hour is taken as spread over it: a sixtieth leaves with a minute that ends meanwhile.
  await expect.poll(async () => (await cells())[6], patient).toMatch(/^\$(2\.000|1\.967)$/)
  await used('second', 50_000)
  await expect.poll(async () => (await cells())[6], patient).toMatch(/^\$(4\.000|3\.967)$/)
  await expect.poll(async () => Number.parseFloat((await cells())[5] ?? ''), patient).toBeGreaterThanOrEqual(50)
})

test('runs: as the API tells them, filtered, sorted and walked by keys into one', async () => {
  const runs = await all<Run>('/v1/runs')
  const page = await open('/runs')
  const newest = runs.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))[0]
  await page
    .getByRole('row')
    .nth(1)
    .getByText(newest?.name ?? newest?.id ?? '?')
    .waitFor()
  for (const state of ['running', 'finished', 'failed'] as const) {
    const count = runs.filter((run) => run.state === state).length
    await page
      .getByRole('group', { name: 'Only runs that are' })
      .getByRole('button', { name: new RegExp(`^${count.toLocaleString('en')}\\s*.?\\s*${state}`) })
      .waitFor()
  }
  await page.getByRole('columnheader', { name: 'run', exact: true }).getByRole('button').click()
  expect(new URL(page.url()).searchParams.get('sort')).toBe('run')
  await page.keyboard.press('/')
  await page.keyboard.type('no run is called so')
  await page.getByText(/^0 of \d+ match/).waitFor()
  await page.getByLabel('Filter runs').fill('now')
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'now', exact: true }).waitFor()
  await page.keyboard.press('j')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), patient).toBe('now')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/runs\/now$/)
})

const looks = [
  '/?mode=tiles',
  '/?mode=compact&group=team',
  '/?mode=heat&sel=agent:hand',
  '/?mode=heat&group=status',
  '/?view=table',
  '/runs',
]
test.each(looks)('%s passes axe in both themes', async (path) => {
  const page = await open(path)
  await page.getByTestId('connection').getByText('live').waitFor()
  if (path.startsWith('/runs')) await page.getByRole('link', { name: 'now', exact: true }).waitFor()
  else await page.getByRole('region', { name: 'Needs attention' }).waitFor()
  await expectAccessibleInBothThemes(page)
})
