import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { expectAccessible, journeys } from './browser.ts'
import { importRecording } from './import.ts'

const { url, open, visit, send } = journeys()

beforeAll(() => importRecording('gastown', 'gastown-fleet', url()))

interface GraphAnswer {
  readonly agents: readonly { readonly id: string; readonly name?: string }[]
  readonly edges: readonly { readonly from: string; readonly to: string; readonly kind: string; readonly count: number }[]
}
const graphOf = async (run: string): Promise<GraphAnswer> => (await fetch(url(`/v1/runs/${encodeURIComponent(run)}/graph`))).json()

const nodesOf = (page: Page) => page.getByRole('list', { name: /^Nodes of the graph/ }).getByRole('button')
const node = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}, `) })
const boxOf = async (page: Page, name: string) => {
  const box = await node(page, name).boundingBox()
  if (box === null) throw new Error(`${name} is not there.`)
  return box
}

/** A lead with two hands, one of which asks a person; `c` gave back what it was handed. */
async function sendCrew(run: string) {
  await send(
    { type: 'run.started', agent: 'lead', run, data: { name: `Crew of ${run}` } },
    { type: 'agent.started', agent: 'lead', run, data: { role: 'manager', name: 'Lead' } },
    { type: 'task.started', agent: 'lead', run, task: 'all' },
    { type: 'task.assigned', agent: 'lead', run, task: 'a', data: { to: 'hand-a', title: 'Carry the box', parent: 'all' } },
    { type: 'task.started', agent: 'hand-a', run, task: 'a' },
    { type: 'task.assigned', agent: 'lead', run, task: 'b', data: { to: 'hand-b', title: 'Open the box', parent: 'all' } },
    { type: 'task.input_required', agent: 'hand-b', run, task: 'b' },
    { type: 'handoff', agent: 'hand-a', run, data: { to: 'hand-b' } },
    { type: 'handoff', agent: 'hand-b', run, data: { to: 'hand-a' } },
  )
}

test('who gave what to whom in a real fleet is what the API says, as a picture and as a table', async () => {
  const { agents, edges } = await graphOf('gastown')
  expect(edges.length).toBeGreaterThan(20)
  const page = await open('/runs/gastown/graph')
  const names = new Map(agents.map(({ id, name }) => [id, name ?? id]))
  await expect.poll(() => nodesOf(page).count()).toBe(agents.length)
  const shown = await nodesOf(page).evaluateAll((buttons) =>
    buttons.map((button) => (button.getAttribute('aria-label') ?? '').split(', ')[0]),
  )
  expect(shown.sort()).toEqual([...names.values()].sort())

  await page.keyboard.press('v')
  expect(new URL(page.url()).searchParams.get('view')).toBe('table')
  const table = page.getByRole('table', { name: 'Who gave what to whom' })
  await table.waitFor()
  const words: Record<string, string> = { delegation: 'gave', handoff: 'handed on', message: 'told' }
  const told = new Set<string>()
  // The rows in sight are a part of all: go through them.
  const wanted = edges.map(({ from, to, kind, count }) =>
    [names.get(from), words[kind], names.get(to), count.toLocaleString('en')].join('|'),
  )
  await expect
    .poll(async () => {
      for (const row of (await table.getByRole('row').all()).slice(1))
        told.add((await row.getByRole('cell').allTextContents()).slice(0, 4).join('|'))
      await page.getByTestId('edges').evaluate((box) => box.scrollBy(0, 300))
      return [...told].sort()
    })
    .toEqual([...new Set(wanted)].sort())
})

test('a link opens the same graph; roles and tasks are other ways to see it; both themes are accessible', async () => {
  await sendCrew('crew')
  const page = await open('/runs/crew/graph')
  await node(page, 'Lead').waitFor()
  await page.getByRole('button', { name: '2 waits for an agent' }).waitFor()
  await page.getByRole('button', { name: '1 waits for a person' }).waitFor()
  await page.getByRole('button', { name: '1 loop, 1 round' }).waitFor()
  await expectAccessible(page)
  await page.keyboard.press('m')
  await node(page, 'managers').waitFor()
  await page.keyboard.press('m')
  await node(page, 'without a team').waitFor()
  await page.keyboard.press('m')
  await node(page, 'Carry the box').waitFor()
  await page.keyboard.press('c')
  await page
    .getByRole('list', { name: 'Critical path, first to last' })
    .getByText('Carry the box')
    .or(page.getByText('Open the box'))
    .first()
    .waitFor()
  await node(page, 'Open the box').press('Enter')
  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Open the box' }).waitFor()

  const linked = await visit(page.url(), { theme: 'light' })
  await node(linked, 'Open the box').waitFor()
  expect(await node(linked, 'Open the box').getAttribute('aria-pressed')).toBe('true')
  await linked.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Open the box' }).waitFor()
  await linked.getByRole('list', { name: 'Critical path, first to last' }).waitFor()
  await expectAccessible(linked)
  await linked.keyboard.press('v')
  await linked.getByRole('table', { name: 'Who gave what to whom' }).waitFor()
  await expectAccessible(linked)
})

test('keys go from node to node along the edges; a press selects, and selecting moves nothing', async () => {
  await sendCrew('walked')
  const page = await open('/runs/walked/graph')
  await node(page, 'hand-b').waitFor()
  await node(page, 'Lead').focus()
  await page.keyboard.press('ArrowRight')
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-node'))
  await expect.poll(focused).toMatch(/^agent:hand-/)
  const before = await boxOf(page, 'Lead')
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'Inspector' }).waitFor()
  expect(new URL(page.url()).searchParams.get('sel')).toBe(await focused())
  expect(await boxOf(page, 'Lead')).toEqual(before)

  await page.mouse.click(before.x + before.width / 2, before.y + before.height / 2)
  await expect.poll(() => new URL(page.url()).searchParams.get('sel')).toBe('agent:lead')
  expect(await boxOf(page, 'Lead')).toEqual(before)
  await page.keyboard.press('Escape')
  await expect.poll(() => new URL(page.url()).searchParams.get('sel')).toBe(null)
  expect(await boxOf(page, 'Lead')).toEqual(before)
})

test('drag, wheel and keys move the picture; f brings it back', async () => {
  await sendCrew('moved')
  const page = await open('/runs/moved/graph')
  // With the last of them the picture has its place.
  await node(page, 'hand-b').waitFor()
  const start = await boxOf(page, 'Lead')
  const { x, y } = { x: start.x + start.width / 2, y: start.y + start.height / 2 }
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 20, y + 20)
  await page.mouse.move(x + 100, y + 60)
  await page.mouse.up()
  const dragged = await boxOf(page, 'Lead')
  expect([dragged.x - start.x, dragged.y - start.y]).toEqual([expect.closeTo(100, 0), expect.closeTo(60, 0)])
  expect(new URL(page.url()).searchParams.get('sel')).toBe(null)
  await page.mouse.wheel(0, 200)
  await expect.poll(async () => (await boxOf(page, 'Lead')).width).toBeLessThan(start.width * 0.95)
  await page.keyboard.press('a')
  await page.keyboard.press('+')
  await page.keyboard.press('f')
  await expect.poll(() => boxOf(page, 'Lead')).toEqual(start)
})

test('who comes is placed while the others stay; a paused graph stands still', async () => {
  await sendCrew('growing crew')
  const page = await open('/runs/growing%20crew/graph')
  await node(page, 'hand-b').waitFor()
  const { x } = await boxOf(page, 'Lead')
  await page.keyboard.press('d')
  await expect.poll(async () => (await boxOf(page, 'Lead')).x - x).toBeCloseTo(-80, 0)
  const before = await boxOf(page, 'Lead')
  await send({ type: 'task.assigned', agent: 'lead', run: 'growing crew', task: 'n', data: { to: 'newcomer', title: 'Help' } })
  await node(page, 'newcomer').waitFor()
  expect(await boxOf(page, 'Lead')).toEqual(before)
  await page.keyboard.press('Space')
  await page.getByTestId('connection').getByText('paused').waitFor()
  await send({ type: 'task.assigned', agent: 'lead', run: 'growing crew', task: 'm', data: { to: 'latecomer', title: 'Help too' } })
  await page
    .getByTestId('connection')
    .getByText(/^[1-9]\d* buffered/)
    .waitFor()
  expect(await node(page, 'latecomer').count()).toBe(0)
  await page.keyboard.press('Space')
  await node(page, 'latecomer').waitFor()
})

test('two that wait for each other are named, and what is under a manager can be collapsed', async () => {
  await send(
    { type: 'task.assigned', agent: 'left', run: 'stuck', task: '1', data: { to: 'right' } },
    { type: 'task.assigned', agent: 'right', run: 'stuck', task: '2', data: { to: 'left' } },
    { type: 'agent.started', agent: 'top', run: 'stuck', data: { role: 'manager' } },
    ...['x', 'y', 'z'].map((to) => ({ type: 'task.assigned', agent: 'top', run: 'stuck', task: to, data: { to } })),
  )
  const page = await open('/runs/stuck/graph')
  await page.getByRole('button', { name: '⚠ 1 circle of waiting' }).click()
  await page.getByText(/^Each waits for the next: (left → right → left|right → left → right)$/).waitFor()
  await node(page, 'top').focus()
  await page.keyboard.press('e')
  await node(page, 'under top').waitFor()
  await expect.poll(() => node(page, 'x').count()).toBe(0)
  expect(new URL(page.url()).searchParams.get('fold')).toBe('agent:top')
  await node(page, 'under top').press('Enter')
  await node(page, 'x').waitFor()
})

test('an empty run and one of a single agent say what they are', async () => {
  await send({ type: 'run.started', run: 'nobody' }, { type: 'log', agent: 'only', run: 'single', data: { message: 'here' } })
  const page = await open('/runs/nobody/graph')
  await page.getByText('No agent has been seen in this run.').waitFor()
  await page.goto(url('/runs/single/graph'))
  await node(page, 'only').waitFor()
  await page.goto(url('/runs/single/graph?mode=tasks'))
  await page.getByText('No task is known in this run.').waitFor()
})
