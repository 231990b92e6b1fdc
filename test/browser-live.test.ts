import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { journeys } from './browser.ts'

const { url, open, visit, send } = journeys()

/** Live connections that the server has, by transport. */
async function connections() {
  const text = await (await fetch(url('/metrics'))).text()
  const found = [...text.matchAll(/^signalbox_live_clients\{[^}]*transport="(\w+)"[^}]*\} (\d+)$/gm)]
  return Object.fromEntries(found.flatMap(([, transport = '', count]) => (count === '0' ? [] : [[transport, Number(count)]])))
}
const badge = (page: Page) => page.getByTestId('connection')
const says = (page: Page, words: string) => badge(page).getByText(words, { exact: true }).waitFor()
/** Another tab of the same browser. */
async function tab(page: Page, path: string): Promise<Page> {
  const other = await page.context().newPage()
  await other.goto(url(path))
  return other
}
const message = (run: string, n: number) => ({ type: 'log', agent: 'teller', run, data: { message: `line ${n}.` } })

/** Every line of the tail, read from top to bottom. */
async function lines(page: Page): Promise<string[]> {
  const box = page.getByTestId('events')
  const seen: string[] = []
  await box.evaluate((element) => element.scrollTo(0, 0))
  for (let top = 0; ; top += 260) {
    const end = await box.evaluate((element, to) => {
      element.scrollTo(0, to)
      return element.scrollTop < to
    }, top)
    await box.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    for (const text of await box.getByText(/^line \d+\.$/).allTextContents()) if (!seen.includes(text)) seen.push(text)
    if (end) return seen
  }
}

test('three tabs are one connection; when its tab closes in mid-stream the others show every event, once', async () => {
  const run = 'handed over'
  await send(message(run, 0))
  const first = await open(`/tail?run=${run}`)
  await first.getByText('line 0.', { exact: true }).waitFor()
  await says(first, 'live · WebSocket')
  const second = await tab(first, `/tail?run=${run}`)
  const third = await tab(first, '/')
  for (const page of [second, third]) await says(page, 'live · via another tab')
  await second.getByText('line 0.', { exact: true }).waitFor()
  await third.getByRole('button', { name: /^teller/ }).waitFor()
  await expect.poll(connections).toEqual({ websocket: 1 })

  let next = 1
  let isOver = false
  const stream = (async () => {
    while (!isOver) {
      await send(message(run, next))
      next += 1
    }
  })()
  await second.getByText('line 10.', { exact: true }).waitFor()
  await first.close()
  await expect.poll(() => next).toBeGreaterThan(60)
  isOver = true
  await stream

  const held = `${next.toLocaleString('en')} shown`
  await second.getByText(held, { exact: true }).waitFor()
  expect(await lines(second)).toEqual(Array.from({ length: next }, (_, n) => `line ${n}.`))
  await expect.poll(connections).toEqual({ websocket: 1 })
  // One of the two is connected now, the other hears it from there.
  const words = async () => (await Promise.all([second, third].map((page) => badge(page).getByRole('status').textContent()))).sort()
  await expect.poll(words).toEqual(['live · WebSocket', 'live · via another tab'])
  await third.close()
  await says(second, 'live · WebSocket')
})

test('the connection moves to a tab that somebody sees', async () => {
  const first = await open('/')
  await says(first, 'live · WebSocket')
  const second = await tab(first, '/')
  await says(second, 'live · via another tab')
  await first.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await says(second, 'live · WebSocket')
  await says(first, 'live · via another tab')
  await send({ type: 'agent.started', agent: 'after the move' })
  for (const page of [first, second]) await page.getByRole('button', { name: /^after the move/ }).waitFor()
  await expect.poll(connections).toEqual({ websocket: 1 })
})

test('without a network it says since when it shows what; with it everything that was missed comes', async () => {
  const run = 'cut off'
  await send(message(run, 0))
  const page = await visit(url(`/tail?run=${run}`), { expected: /ERR_INTERNET_DISCONNECTED|WebSocket/ })
  await page.getByText('line 0.', { exact: true }).waitFor()
  await page.context().setOffline(true)
  await says(page, 'offline')
  await badge(page)
    .getByText(/^since \d\d:\d\d:\d\d · showing data of \d\d:\d\d:\d\d \(\d+s ago\)$/)
    .waitFor()
  await send(message(run, 1), message(run, 2))
  await page.context().setOffline(false)
  await page.getByText('line 2.', { exact: true }).waitFor()
  await says(page, 'live · WebSocket')
  await page.getByText('3 shown', { exact: true }).waitFor()
})

test('a page that was put away comes back where it was', async () => {
  const run = 'put away'
  await send(message(run, 0))
  const first = await open(`/tail?run=${run}`)
  await first.getByText('line 0.', { exact: true }).waitFor()
  const second = await tab(first, '/')
  await says(second, 'live · via another tab')
  await first.evaluate(() => document.dispatchEvent(new Event('freeze')))
  await says(second, 'live · WebSocket')
  await send(message(run, 1), message(run, 2))
  await first.evaluate(() => document.dispatchEvent(new Event('resume')))
  await first.getByText('line 2.', { exact: true }).waitFor()
  await first.getByText('3 shown', { exact: true }).waitFor()
  await says(first, 'live · via another tab')
})
