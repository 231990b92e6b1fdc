import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { expectAccessible, journeys } from './browser.ts'
import { startServerWithKeys } from './server.ts'

const { url, open, visit, send } = journeys()

const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const minute = 60_000

/** Ten minutes of a manager and a worker, ended. */
async function sendEnded(run: string): Promise<void> {
  await send(
    { type: 'run.started', agent: 'boss', run, time: ago(10 * minute), data: { name: `The ${run}` } },
    { type: 'task.assigned', agent: 'boss', run, task: 'a', time: ago(9 * minute), data: { to: 'hand', title: 'Carry the box' } },
    { type: 'task.started', agent: 'hand', run, task: 'a', time: ago(8 * minute) },
    { type: 'tool.started', agent: 'hand', run, task: 'a', time: ago(7 * minute), data: { call: 'lift', name: 'Lift' } },
    { type: 'tool.finished', agent: 'hand', run, task: 'a', time: ago(6 * minute), data: { call: 'lift' } },
    {
      type: 'llm.finished',
      agent: 'hand',
      run,
      task: 'a',
      time: ago(5 * minute),
      data: { call: 'think', model: 'large', usage: { inputTokens: 1_500, outputTokens: 500 }, costMicros: 250_000 },
    },
    { type: 'task.completed', agent: 'hand', run, task: 'a', time: ago(4 * minute) },
    { type: 'task.completed', agent: 'boss', run, task: 'a', time: ago(3 * minute) },
    { type: 'run.finished', agent: 'boss', run, time: ago(2 * minute) },
  )
}

const shownWindow = (page: Page) => page.getByTestId('window').textContent()
const addressed = (page: Page) => {
  const { searchParams } = new URL(page.url())
  return { from: Number(searchParams.get('from') ?? Number.NaN), to: Number(searchParams.get('to') ?? Number.NaN) }
}
/** The window in the address, once it is another than `before`. */
async function moved(page: Page, before: { readonly from: number; readonly to: number }) {
  await expect.poll(() => addressed(page)).not.toEqual(before)
  return addressed(page)
}
const nowhere = { from: Number.NaN, to: Number.NaN }
/** Where the lanes are drawn, beside their names. */
async function lanesOf(page: Page) {
  const box = await page.getByTestId('lanes').locator('canvas').last().boundingBox()
  if (box === null) throw new Error('The lanes are not drawn.')
  return box
}

test('drag, wheel and keys move the window, the address tells it, and a link opens the same one', async () => {
  await sendEnded('window')
  const page = await open('/runs/window')
  await page.getByRole('button', { name: /^Carry the box/ }).waitFor()
  const { x, y, width, height } = await lanesOf(page)
  const at = { x: x + width / 4, y: y + height - 20 }

  await page.keyboard.press('f')
  const whole = await moved(page, nowhere)
  await page.mouse.move(at.x, at.y)
  await page.mouse.down()
  await page.mouse.move(at.x + 50, at.y)
  await page.mouse.move(at.x + width / 10, at.y)
  await page.mouse.up()
  const length = whole.to - whole.from
  // The address may have been told of the first part of the drag already.
  await expect.poll(() => addressed(page).from - whole.from).toBeCloseTo(-length / 10, -2)
  const panned = addressed(page)
  expect(panned.to - panned.from).toBeCloseTo(length, -2)

  await page.mouse.move(at.x, at.y)
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -100)
  await page.keyboard.up('Control')
  const zoomed = await moved(page, panned)
  expect(zoomed.to - zoomed.from).toBeLessThan(length * 0.9)
  const under = (window: { readonly from: number; readonly to: number }) => window.from + (window.to - window.from) / 4
  expect(Math.abs(under(zoomed) - under(panned))).toBeLessThan(length / 500)

  const linked = await visit(page.url())
  await linked.getByRole('button', { name: /^Carry the box/ }).waitFor()
  await expect.poll(() => shownWindow(linked)).toBe(await shownWindow(page))
  expect(addressed(linked)).toEqual(zoomed)

  await page.keyboard.press('w')
  const closer = await moved(page, zoomed)
  await page.keyboard.press('d')
  const later = await moved(page, closer)
  expect(later.from).toBeGreaterThan(closer.from)
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await moved(page, later)
  await page.keyboard.press('l')
  await expect.poll(() => addressed(page)).toEqual(nowhere)
})

test('a night in which nothing happens is drawn short on demand, in the address and back', async () => {
  const at = (ms: number) => ago(10 * 60 * minute - ms)
  const task = (name: string, from: number) => [
    { type: 'task.started', agent: 'owl', run: 'night', task: name, time: at(from), data: { title: `Task ${name}` } },
    { type: 'task.completed', agent: 'owl', run: 'night', task: name, time: at(from + minute) },
  ]
  await send(...task('dusk', 0), ...task('dawn', 9 * 60 * minute), {
    type: 'run.finished',
    agent: 'owl',
    run: 'night',
    time: at(9 * 60 * minute + minute),
  })
  const page = await open('/runs/night')
  await page.getByRole('button', { name: /^Task dusk/ }).waitFor()
  const whole = await shownWindow(page)
  await page.keyboard.press('i')
  await expect.poll(() => new URL(page.url()).searchParams.get('gaps')).toBe('true')
  const linked = await visit(page.url())
  await linked.getByRole('button', { name: 'short gaps (i)', pressed: true }).waitFor()
  await linked.keyboard.press('w')
  const closer = await moved(linked, nowhere)
  // Zoomed in by a third of what is drawn, the window still spans the night: real time stands in the address.
  expect(closer.to - closer.from).toBeGreaterThan(8 * 60 * minute)
  await page.keyboard.press('i')
  await expect.poll(() => shownWindow(page)).toBe(whole)
})

/** Where the bar that covers a place of the first lane ends, CSS pixels from the lanes' left edge; 0 where there is none. */
const barEnd = (page: Page, from: number) =>
  page
    .getByTestId('lanes')
    .locator('canvas')
    .last()
    .evaluate((lanes, start) => {
      const row = document.createElement('canvas')
      row.width = (lanes as HTMLCanvasElement).width
      const context = row.getContext('2d')
      if (context === null) throw new Error('No canvas.')
      context.drawImage(lanes as HTMLCanvasElement, 0, -14)
      const { data } = context.getImageData(0, 0, row.width, 1)
      let x = Math.ceil(start)
      while ((data[4 * x + 3] ?? 0) > 0) x += 1
      return x > start + 1 ? x : 0
    }, from)

test('an open bar grows to now', async () => {
  const begun = Date.now()
  await send(
    { type: 'run.started', agent: 'alone', run: 'growing', time: ago(1_000) },
    { type: 'task.started', agent: 'alone', run: 'growing', task: 'g', time: ago(1_000), data: { title: 'Grow' } },
  )
  const page = await open(`/runs/growing?from=${begun - 2_000}&to=${begun + 60_000}`)
  await page.getByRole('button', { name: /^Grow/ }).waitFor()
  const { width } = await lanesOf(page)
  const inside = (1_500 / 62_000) * width
  await expect.poll(() => barEnd(page, inside)).toBeGreaterThan(0)
  const before = await barEnd(page, inside)
  await expect.poll(() => barEnd(page, inside)).toBeGreaterThan(before + 5)
})

test('a run tells its figures and a task that was closed twice; tasks and calls are selected by keys and by the pointer', async () => {
  await sendEnded('figures')
  const page = await open('/runs/figures')
  const row = page.getByRole('row').filter({ hasText: 'Carry the box' })
  await row.getByText('⚠ closed twice').waitFor()
  expect((await row.getByRole('cell').allTextContents()).slice(2)).toEqual(['hand', '4m 0s', '2.0k', '$0.250'])
  for (const text of ['finished', '1 / 1', '1.5k / 500']) await page.getByRole('region', { name: 'The figures' }).getByText(text).waitFor()

  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await page.keyboard.press('j')
  await inspector.getByText('1 later event says otherwise, last by boss.').waitFor()
  const before = addressed(page)
  await page.keyboard.press('Enter')
  await moved(page, before)
  await page.keyboard.press('Escape')
  await page.keyboard.press('f')

  await page.getByRole('button', { name: /^hand/ }).focus()
  for (const name of ['Carry the box', 'Lift', 'large']) {
    await page.keyboard.press('ArrowRight')
    await inspector.getByRole('heading', { name }).waitFor()
  }
  await inspector.getByText('model call · finished').waitFor()
  const linked = await visit(page.url(), { theme: 'light' })
  await linked.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'large' }).waitFor()
  await expectAccessible(linked)
})

test('a run with more calls than a snapshot brings is drawn whole', async () => {
  for (let from = 0; from < 2_500; from += 500)
    await send(
      ...Array.from({ length: 500 }, (_, i) => ({
        type: 'tool.finished',
        agent: 'busy',
        run: 'many',
        data: { call: `c${from + i}`, name: 'Grep' },
      })),
    )
  const page = await open('/runs/many')
  await page.getByRole('button', { name: /^busy ?, 0 tasks, 2500 calls$/ }).waitFor()
})

test('a paused run stands still and counts what waits', async () => {
  await send({ type: 'task.started', agent: 'w', run: 'paused run', task: 'p', data: { title: 'Wait here' } })
  const page = await open('/runs/paused%20run')
  await page.getByRole('button', { name: /^Wait here ?, working$/ }).waitFor()
  await page.keyboard.press('Space')
  await page.getByTestId('connection').getByText('paused').waitFor()
  await send({ type: 'task.completed', agent: 'w', run: 'paused run', task: 'p' })
  await page
    .getByTestId('connection')
    .getByText(/^[1-9]\d* buffered/)
    .waitFor()
  expect(await page.getByRole('button', { name: /^Wait here ?, working$/ }).count()).toBe(1)
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: /^Wait here ?, completed$/ }).waitFor()
})

test('a run that is not known says so, and appears with its first event', async () => {
  const page = await open('/runs/soon')
  await page.getByRole('heading', { name: 'No run “soon” is known here' }).waitFor()
  await send({ type: 'run.started', agent: 'w', run: 'soon', data: { name: 'Here it is' } })
  await page.getByRole('heading', { name: 'Here it is' }).waitFor()
})

test('space pauses the tail: the view stands still, events come in, and the address and the badge say it', async () => {
  await send({ type: 'log', agent: 'teller', run: 'tailed', data: { message: 'before the pause' } })
  const page = await open('/tail?run=tailed')
  const tail = page.getByRole('region', { name: 'Live tail' })
  await tail.getByText('before the pause').waitFor()
  await page.keyboard.press('Space')
  await page.getByTestId('connection').getByText('paused').waitFor()
  expect(new URL(page.url()).searchParams.get('paused')).toBe('true')
  await send({ type: 'log', agent: 'teller', run: 'tailed', data: { message: 'in the pause' } })
  await tail.getByText('paused · 1 buffered').waitFor()
  await page.getByTestId('connection').getByText('1 buffered').waitFor()
  expect(await tail.getByText('in the pause').count()).toBe(0)
  await page.keyboard.press('Space')
  await tail.getByText('in the pause').waitFor()
})

test('the tail asks for what the address says, and goes on only while its end is in sight', async () => {
  const numbered = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ type: 'log', agent: 'many', run: 'long tail', data: { message: `line ${from + i}.` } }))
  await send(...numbered(0, 60), { type: 'tool.failed', agent: 'many', run: 'long tail', data: { call: 'x', name: 'Broken' } })
  const page = await open('/tail')
  const tail = page.getByRole('region', { name: 'Live tail' })
  await page.getByLabel('Filter events').fill('run:"long tail"')
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('run:"long tail"')
  await tail.getByText('Broken').waitFor()
  await page.getByTestId('events').evaluate((box) => box.scrollTo(0, 0))
  await tail.getByText('line 0.', { exact: true }).waitFor()
  await send(...numbered(60, 3))
  const pill = page.getByRole('button', { name: '+3 new' })
  await pill.waitFor()
  expect(await page.getByTestId('events').evaluate((box) => box.scrollTop)).toBe(0)
  await pill.click()
  await tail.getByText('line 62.', { exact: true }).waitFor()

  await page.goto(url('/tail?run=long+tail&type=tool.*'))
  await tail.getByText('Broken').waitFor()
  expect(await tail.getByText('line 62.').count()).toBe(0)
  await page.goto(url('/tail?run=long+tail&q=line+7.'))
  await tail.getByText('line 7.', { exact: true }).waitFor()
  expect(await tail.getByText('Broken').count()).toBe(0)
})

test('an event is inspected by keys: hostile text is shown, a long body on demand, its cause by a link', async () => {
  const id = (n: number) =>
    `${(Date.now() + n)
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})(.{4})$/, '$1-$2')}-7000-8000-00000000000${n}`
  const [cause, effect] = [id(1), id(2)]
  await send(
    { id: cause, type: 'log', agent: 'w', run: 'inspected', data: { message: '<b>bold</b>\u202egnp.exe' } },
    {
      id: effect,
      type: 'log',
      agent: 'w',
      run: 'inspected',
      cause,
      data: { message: 'long', body: 'y'.repeat(300_000), last: 'the very end' },
    },
  )
  const page = await open('/tail?run=inspected')
  await page.getByText('<b>bold</b>\\u{202e}gnp.exe').waitFor()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await page.keyboard.press('k')
  await inspector.getByRole('button', { name: cause }).waitFor()
  expect(new URL(page.url()).searchParams.get('sel')).toBe(`event:${effect}`)
  expect(await inspector.getByText('the very end').count()).toBe(0)
  await inspector.getByRole('button', { name: /show all, 300k characters/ }).click()
  await inspector.getByText('the very end').waitFor({ state: 'attached' })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await inspector.getByRole('button', { name: 'copy JSON' }).click()
  await inspector.getByText('copied').waitFor()
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toMatchObject({ id: effect, cause })
  await inspector.getByRole('button', { name: cause }).click()
  await inspector.getByText('<b>bold</b>\\u{202e}gnp.exe').waitFor()
})

test('with a key the run page and the tail show what it may read', async () => {
  const { server, read, ingest } = await startServerWithKeys()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const event = {
    source: 'test',
    type: 'log',
    time: new Date().toISOString(),
    agent: 'keeper',
    run: 'kept',
    data: { message: 'locked away' },
  }
  const sent = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ingest}` },
    body: JSON.stringify([event]),
  })
  expect(await sent.json()).toMatchObject({ accepted: 1 })

  // Without a key it is refused, in the console too.
  const page = await visit(server.url, { expected: /40[13]|WebSocket/ })
  await page.getByLabel('Read key').fill(read)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^keeper/ }).waitFor()
  await page.goto(`${server.url}/runs/kept`)
  await page.getByRole('button', { name: /^keeper/ }).waitFor()
  await page.goto(`${server.url}/tail?agent=keeper`)
  await page.getByText('locked away').waitFor()
  // A server is started twice.
}, 120_000)
