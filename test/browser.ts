/** Chromium for the journeys. A page fails its test on whatever the page complains of: console errors and warnings, page errors, failed requests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { sendEvents, startServer, type TestServer } from './server.ts'

const built = join(import.meta.dirname, '../packages/dashboard/dist/index.html')

/** Of several lists Chromium heeds the last. */
const disabledFeatures = [
  // Each window opens two pages for its address bar, which nobody sees: a half of what an empty page costs.
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  // As Playwright starts it.
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable'],
  ...['LensOverlay', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning', 'AvoidCorsURLLoaderRestartOnRedirect'],
  ...['OptimizationHints', 'NetworkTimeServiceQuerying', 'AimEnabled', 'PreconnectToSearch'],
]

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
      `--disable-features=${disabledFeatures}`,
    ],
  })
}

interface PageOptions {
  /** Default dark. */
  readonly theme?: 'dark' | 'light'
  /** CSS pixels; default 1280 by 800. */
  readonly viewport?: { readonly width: number; readonly height: number }
  /** Complaints that the test provokes; any other fails it. */
  readonly expected?: RegExp
  /** Without the page's service worker, behind which no request can be answered by the test. */
  readonly withoutServiceWorker?: boolean
}

/** A page of its own context, closed when the test ends. */
async function openPage(
  browser: Browser,
  url: string,
  { theme = 'dark', viewport = { width: 1280, height: 800 }, expected, withoutServiceWorker = false }: PageOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport,
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

/** Of these alone the answer depends on a theme: themes differ by their colours. */
const rulesOfColours = ['color-contrast', 'link-in-text-block']

async function expectNoViolation(page: Page, rules?: string[]): Promise<void> {
  // Details are made of violations alone, and by the page itself: a page without frames needs no second one that puts results together.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode()
  const { violations } = await (rules === undefined ? axe : axe.withRules(rules)).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))])).toEqual([])
}

/** Axe finds nothing wrong with the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(page.frames()).toHaveLength(1)
  await expectNoViolation(page)
}

/** The page in another theme than it was opened in, as when the system's changes. */
async function showIn(page: Page, theme: 'dark' | 'light'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme)
}

/** The same in both themes, for a page that was opened in the dark one, and is again. In the second axe looks at colours. `more` holds in each. */
export async function expectAccessibleInBothThemes(page: Page, more: () => Promise<void> = async () => undefined): Promise<void> {
  await more()
  await expectAccessible(page)
  await showIn(page, 'light')
  await more()
  await expectNoViolation(page, rulesOfColours)
  await showIn(page, 'dark')
}

function started<T>(what: T | undefined): T {
  if (what === undefined) throw new Error('The journeys have not begun.')
  return what
}

/** A browser for the journeys of one file, which start servers of their own. */
export function visits() {
  let browser: Browser | undefined
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())
  /** Any address. */
  return (url: string, options: PageOptions = {}) => openPage(started(browser), url, options)
}

/** A server and a browser for the journeys of one file. `more` is said of each event that is sent. */
export function journeys(more: Record<string, unknown> = {}) {
  let server: TestServer | undefined
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())
  const visit = visits()
  return {
    /** Of the server; a path is joined to it. */
    url: (path = '') => `${started(server).url}${path}`,
    open: (path: string, theme: 'dark' | 'light' = 'dark') => visit(`${started(server).url}${path}`, { theme }),
    visit,
    send: (...events: Record<string, unknown>[]) => sendEvents(started(server), events, more),
  }
}
