import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { journeys } from './browser.ts'
import { sendEvents, startServer } from './server.ts'

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

/** Of a short tail, as often as they stand there. */
const shownLines = (page: Page) =>
  page
    .getByTestId('events')
    .getByText(/^line \d+\.$/)
    .allTextContents()

/** Every line of the tail, read from top to bottom. */
async function lines(page: Page): Promise<string[]> {
  const box = page.getByTestId('events')
  const seen: string[] = []
  for (let top = 0; ; top += 260) {
    // Until it is there and drawn: a page that follows the newest line may take the first scrolling back.
    await expect
      .poll(() =>
        box.evaluate((element, to) => {
          element.scrollTo(0, to)
          const { top: edge, bottom } = element.getBoundingClientRect()
          const drawn = [...element.querySelectorAll('[data-index]')].map((row) => row.getBoundingClientRect())
          return drawn.some((row) => row.top < edge + 50) && drawn.some((row) => row.bottom > bottom - 50)
        }, top),
      )
      .toBe(true)
    for (const text of await box.getByText(/^line \d+\.$/).allTextContents()) if (!seen.includes(text)) seen.push(text)
    if (await box.evaluate((element, to) => element.scrollTop < to, top)) return seen
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

  // In parts, which the page cannot outrun: it draws its newest lines alone, and a given one may never stand there.
  let next = 1
  const sendUntil = async (end: number) => {
    for (; next < end; next += 1) await send(message(run, next))
  }
  await sendUntil(20)
  await second.getByText('line 19.', { exact: true }).waitFor()
  const stream = sendUntil(80)
  await expect.poll(() => next).toBeGreaterThan(25)
  await first.close()
  await stream

  const held = `${next.toLocaleString('en')} shown`
  await second.getByText(held, { exact: true }).waitFor()
  // The count below them is renewed by a clock of its own, and may be ahead of a busy page's lines.
  await second.getByText(`line ${next - 1}.`, { exact: true }).waitFor()
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

test('when the connected tab crashes, or the server does, the others go on where they were', async () => {
  const run = 'crashed'
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const say = (n: number) => sendEvents(server, [message(run, n)])
  await say(0)
  const first = await visit(`${server.url}/`, { expected: /ERR_CONNECTION|WebSocket/ })
  await says(first, 'live · WebSocket')
  const pages: Page[] = []
  for (const path of [`/tail?run=${run}`, '/']) {
    const page = await first.context().newPage()
    await page.goto(`${server.url}${path}`)
    await says(page, 'live · via another tab')
    pages.push(page)
  }
  const [tail] = pages
  if (tail === undefined) throw new Error('Two tabs were opened.')
  await tail.getByText('line 0.', { exact: true }).waitFor()
  const crash = await first.context().newCDPSession(first)
  const crashed = first.waitForEvent('crash')
  // It is never answered.
  crash.send('Page.crash').catch(() => undefined)
  await crashed
  await say(1)
  await tail.getByText('line 1.', { exact: true }).waitFor()
  const words = async () => (await Promise.all(pages.map((page) => badge(page).getByRole('status').textContent()))).sort()
  await expect.poll(words).toEqual(['live · WebSocket', 'live · via another tab'])

  await server.kill()
  await expect.poll(words).toEqual(['reconnecting', 'reconnecting'])
  await server.start()
  await say(2)
  await tail.getByText('line 2.', { exact: true }).waitFor()
  await expect.poll(() => shownLines(tail)).toEqual(['line 0.', 'line 1.', 'line 2.'])
  await expect.poll(words).toEqual(['live · WebSocket', 'live · via another tab'])
  // A server is started twice.
}, 120_000)

test('when a tab crashes, with the service worker that lived in its process, requests of the others are answered', async () => {
  const first = await open('/')
  const second = await first.context().newPage()
  await second.goto(url('/tail'))
  for (const page of [first, second]) await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const crash = await first.context().newCDPSession(first)
  const crashed = first.waitForEvent('crash')
  const asked = second.evaluate(async () => {
    const answers: string[] = []
    const ask = () =>
      fetch('/v1/views').then(
        ({ status }) => answers.push(`${status}`),
        (failure: unknown) => answers.push(`${failure}`),
      )
    const asking = async () => {
      while (document.documentElement.dataset.crashed === undefined) await ask()
    }
    await Promise.all(Array.from({ length: 50 }, asking))
    return [...new Set(answers)]
  })
  // It is never answered.
  crash.send('Page.crash').catch(() => undefined)
  await crashed
  await second.evaluate(() => {
    document.documentElement.dataset.crashed = ''
  })
  expect(await asked).toEqual(['200'])
})

test('a page whose frames take too long shows changes more seldom, and says so', async () => {
  const page = await open('/')
  await says(page, 'live · WebSocket')
  let isOver = false
  const sender = async (agent: string) => {
    for (let n = 0; !isOver; n += 1) await send({ type: 'agent.status', agent, data: { status: n % 2 === 0 ? 'busy' : 'idle' } })
  }
  const senders = Promise.all(['restless', 'restive', 'rushing', 'racing'].map(sender))
  onTestFinished(async () => {
    isOver = true
    await senders
  })
  // Whatever is drawn takes long now.
  await page.evaluate(() => {
    const observed = document.querySelector('main')
    if (observed === null) throw new Error('The page has no main.')
    new MutationObserver(() => {
      for (const until = performance.now() + 20; performance.now() < until; );
    }).observe(observed, { subtree: true, childList: true, characterData: true, attributes: true })
  })
  await says(page, 'live · reduced rate')
  await badge(page)
    .getByText(/^(30|15|8|4|2)\/s · newest event/)
    .waitFor()
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
