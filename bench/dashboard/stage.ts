/** A server with nothing in it and a browser, for as long as something is measured. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import about from '../../package.json' with { type: 'json' }
import { option, said } from './options.ts'
import { type Served, serve } from './parties.ts'

export interface Stage {
  readonly server: Served
  readonly browser: Browser
  readonly context: BrowserContext
  /** What the page said that it should not have. */
  readonly complaints: string[]
}

/** What is measured where; kept with the figures. */
export const machine = (browser: Browser) => ({
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  ...{ node: process.version, chromium: browser.version(), signalbox: about.version, at: new Date().toISOString() },
})

export async function onStage(play: (stage: Stage) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'signalbox-dashboard-'))
  const server = await serve(data)
  const browser = await chromium.launch({
    executablePath: process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const context = await browser.newContext({ viewport: { width: option('width', 1_440), height: option('height', 900) } })
    const complaints: string[] = []
    const listen = (page: Page) => {
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
    }
    context.on('page', listen)
    await play({ server, browser, context, complaints })
    if (complaints.length > 0) console.log('the page complained:', complaints)
  } finally {
    await browser.close()
    await server.stop()
    await rm(data, { recursive: true, force: true })
  }
}

export async function keep(name: string, figures: object): Promise<void> {
  const file = said('json') ?? join(tmpdir(), `${name}.json`)
  await writeFile(file, `${JSON.stringify(figures, null, 2)}\n`)
  console.log(`kept in ${file}`)
}

/** Wanted of every screen under load, ms. */
const goals = { p95: 20, task: 100 } as const

/** Says whether the goals are met; of what a user does once frames have no share that tells. */
export function judge(what: string, p95: number | undefined, longestTask: number): void {
  const met = (p95 ?? 0) <= goals.p95 && longestTask < goals.task
  const frames = p95 === undefined ? '' : `p95 of frames ${p95} ms (wanted ${goals.p95}), `
  console.log(`${met ? 'met' : 'MISSED'}: ${what}: ${frames}longest task ${longestTask} ms (wanted less than ${goals.task})`)
}
