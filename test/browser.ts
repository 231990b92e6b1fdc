/** Chromium for the journeys. A page fails its test on whatever the page complains of: console errors and warnings, page errors, failed requests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { sendEvents, startServer, type TestServer } from './server.ts'

const built = join(import.meta.dirname, '../packages/dashboard/dist/index.html')

async function startBrowser(): Promise<Browser> {
  if (!existsSync(built)) throw new Error('The dashboard is not built: run `npm test`, or `node scripts/setup.mjs` first.')
  return chromium.launch({
    executablePath: process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

interface PageOptions {
  /** Default dark. */
  readonly theme?: 'dark' | 'light'
  /** Complaints that the test provokes; any other fails it. */
  readonly expected?: RegExp
  /** Without the page's service worker, behind which no request can be answered by the test. */
  readonly withoutServiceWorker?: boolean
}

/** A page of its own context at 1280 by 800, closed when the test ends. */
async function openPage(
  browser: Browser,
  url: string,
  { theme = 'dark', expected, withoutServiceWorker = false }: PageOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: theme,
    serviceWorkers: withoutServiceWorker ? 'block' : 'allow',
  })
  const complaints: string[] = []
  const complain = (text: string) => {
    const isOwn = withoutServiceWorker && text.startsWith('Service Worker registration blocked')
    if (!isOwn && expected?.test(text) !== true) complaints.push(text)
  }
  // Of every tab that the test opens in it.
  context.on('page', (page) => {
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(message.text()))
    page.on('pageerror', (error) => complain(error.message))
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'failed'
      // The page itself ends its feeds and what it no longer waits for.
      if (why !== 'net::ERR_ABORTED') complain(`${request.url()} ${why}`)
    })
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  const page = await context.newPage()
  await page.goto(url)
  return page
}

/** Axe finds nothing wrong with the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))])).toEqual([])
}

/** A server and a browser for the journeys of one file. `more` is said of each event that is sent. */
export function journeys(more: Record<string, unknown> = {}) {
  let server: TestServer | undefined
  let browser: Browser | undefined
  beforeAll(async () => {
    server = await startServer()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })
  const started = <T>(what: T | undefined): T => {
    if (what === undefined) throw new Error('The journeys have not begun.')
    return what
  }
  return {
    /** Of the server; a path is joined to it. */
    url: (path = '') => `${started(server).url}${path}`,
    open: (path: string, theme: 'dark' | 'light' = 'dark') => openPage(started(browser), `${started(server).url}${path}`, { theme }),
    /** Any address. */
    visit: (url: string, options: PageOptions = {}) => openPage(started(browser), url, options),
    send: (...events: Record<string, unknown>[]) => sendEvents(started(server), events, more),
  }
}
