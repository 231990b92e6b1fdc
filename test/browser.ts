/** Chromium for the journeys. A page fails its test on whatever the page complains of: console errors and warnings, page errors, failed requests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

const built = join(import.meta.dirname, '../packages/dashboard/dist/index.html')

export async function startBrowser(): Promise<Browser> {
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
}

/** A page of its own context at 1280 by 800, closed when the test ends. */
export async function openPage(browser: Browser, url: string, { theme = 'dark', expected }: PageOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: theme })
  const page = await context.newPage()
  const complaints: string[] = []
  const complain = (text: string) => {
    if (expected?.test(text) !== true) complaints.push(text)
  }
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(message.text()))
  page.on('pageerror', (error) => complain(error.message))
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? 'failed'
    // The page itself ends its feeds and what it no longer waits for.
    if (why !== 'net::ERR_ABORTED') complain(`${request.url()} ${why}`)
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  await page.goto(url)
  return page
}
