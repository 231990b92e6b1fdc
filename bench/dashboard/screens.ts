/** The screens beside the fleet, each at the size it promises, while events come in. */
import type { Page } from 'playwright-core'
import { beginning, perRun } from './fleet.ts'
import { handOver } from './hand-over.ts'
import { begun, type Size } from './large-run.ts'
import { processesOf, recordFrames, tasksOf } from './measure.ts'
import { option, said } from './options.ts'
import { post, send } from './parties.ts'
import { profiled } from './profile.ts'
import { judge, keep, machine, type Stage } from './stage.ts'
import { type Action, heapSlope, measured, sessionOf, timed } from './watch.ts'

type Act = (what: string, press: () => Promise<unknown>) => Promise<void>

interface Screen {
  readonly name: string
  readonly path: string
  /** Sent before it is opened. */
  readonly seed: () => Iterable<object>
  readonly work: readonly string[]
  readonly eventsPerSecond: number
  /** Resolves once all of it is shown. */
  readonly whole: (page: Page) => Promise<unknown>
  readonly use: (page: Page, act: Act) => Promise<unknown>
}

const seconds = option('seconds', 20)
const runs = 1_000

/** A run of its own, in which so much goes on as one run has. */
const ofRun = (name: string, size: Size, more: Pick<Screen, 'path' | 'whole' | 'use'>): Screen => ({
  ...{ name, ...more, work: ['run', name, String(size.agents)], eventsPerSecond: 500 },
  seed: () => begun(name, size),
})

const scrolled = async (page: Page, by: number) => {
  await page.mouse.move(700, 600)
  for (let i = 0; i < 20; i += 1) await page.mouse.wheel(0, by)
}

const graphUse: Screen['use'] = async (page, act) => {
  await act('zoom', async () => {
    await page.mouse.move(700, 500)
    await page.keyboard.down('Control')
    for (let i = 0; i < 10; i += 1) await page.mouse.wheel(0, -100)
    await page.keyboard.up('Control')
  })
  await act('find', () => page.getByLabel('Find nodes').fill('hand 7'))
  await act('find nothing', () => page.getByLabel('Find nodes').fill(''))
  await act('roles', () => page.getByRole('button', { name: 'Roles' }).click())
  await act('agents', () => page.getByRole('button', { name: 'Agents' }).click())
}

const all: readonly Screen[] = [
  ofRun(
    'graph',
    { agents: 1_000, tasks: 1_000, calls: 0 },
    {
      path: '/runs/graph/graph',
      whole: (page) => page.getByTestId('graph').waitFor(),
      use: graphUse,
    },
  ),
  ofRun(
    'graph-3000',
    { agents: 3_000, tasks: 3_000, calls: 0 },
    {
      path: '/runs/graph-3000/graph',
      whole: (page) => page.getByText(/nodes are drawn as/).waitFor(),
      use: graphUse,
    },
  ),
  ofRun(
    'lanes',
    { agents: 200, tasks: 2_000, calls: 20_000 },
    {
      path: '/runs/lanes',
      whole: (page) => page.locator('[data-lane]').nth(199).waitFor({ state: 'attached' }),
      async use(page, act) {
        await act('whole run', () => page.getByRole('button', { name: 'Fit the whole run' }).click())
        await act('zoom', () => page.getByRole('button', { name: 'Zoom in' }).click())
        await act('scroll', () => scrolled(page, 300))
        await act('collapse all', () => page.keyboard.press('e'))
        await act('expand all', () => page.keyboard.press('e'))
        await act('short gaps', () => page.keyboard.press('i'))
      },
    },
  ),
  ofRun(
    'tree',
    { agents: 200, tasks: 10_000, calls: 40_000 },
    {
      path: '/runs/tree/tree?level=9',
      whole: (page) =>
        page
          .getByTestId('shown-rows')
          .getByText(/of 50,\d+ rows/)
          .waitFor(),
      async use(page, act) {
        await act('scroll', () => scrolled(page, 3_000))
        await act('filter', () => page.getByLabel('Filter the tree').fill('box 77'))
        await act('clear filter', () => page.getByLabel('Filter the tree').fill(''))
        await act('close all', () => page.getByRole('button', { name: 'Close all rows' }).click())
        await act('open all', () => page.getByRole('button', { name: 'Open all rows' }).click())
        await act('whole run', () => page.getByRole('button', { name: 'Fit the whole run' }).click())
      },
    },
  ),
  {
    ...{ name: 'tail', path: '/tail', work: ['fleet', String(runs)], eventsPerSecond: option('rate', 10_000) },
    *seed() {
      for (let run = 0; run < runs; run += 1) yield* beginning(run, 0)
    },
    whole: (page) => page.getByTestId('events').waitFor(),
    async use(page, act) {
      await act('filter', () => page.getByLabel('Filter events').fill('tool:Bash'))
      await act('clear filter', () => page.getByLabel('Filter events').fill(''))
      await act('scroll', () => scrolled(page, -1_000))
      await act('wrap', () => page.keyboard.press('w'))
    },
  },
]

export async function screens(stage: Stage): Promise<void> {
  const { server, browser, context, complaints } = stage
  const figures: object[] = []
  console.log(JSON.stringify(machine(browser)))
  for (const { name, path, seed, work, eventsPerSecond, whole, use } of all) {
    if (said('only') !== undefined && said('only') !== name) continue
    await post(server.url, seed())
    const page = await context.newPage()
    await page.goto(`${server.url}${path}`)
    await whole(page)
    const shownMs = Math.round(await page.evaluate(() => performance.now()))
    console.log(`${name}: shown ${shownMs} ms after navigation`)
    const cdp = await sessionOf(page)
    const processes = await processesOf(await browser.newBrowserCDPSession())
    await recordFrames(page)
    await page.waitForTimeout(3_000)
    const sender = send(server.url, eventsPerSecond, work)
    try {
      await page.waitForTimeout(2_000)
      const load = await profiled(cdp, name, () => measured(stage, processes, { name, page, cdp, forMs: seconds * 1_000, sender }))
      await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] })
      await page.waitForTimeout(5_000)
      const traced = tasksOf(await browser.stopTracing(), processes.renderer)
      console.log(`  tasks of the page, five seconds of the same load: ${JSON.stringify(traced)}`)
      const actions: Action[] = []
      await use(page, async (what, press) => {
        actions.push(await profiled(cdp, `${name} ${what}`, () => timed(page, what, press)))
      })
      judge(`${name} under load`, load.frames.p95, load.frames.longestTask)
      for (const { what, longestTask } of actions) judge(`${name}: ${what}, under load`, undefined, longestTask)
      figures.push({ ...load, shownMs, traced, actions, heapSlopeMBPerMinute: heapSlope(load.pieces) })
    } finally {
      await sender.stop()
      await page.close()
    }
  }
  const handed = said('only') === undefined || said('only') === 'hand-over' ? await handOver(stage) : undefined
  await keep('signalbox-screens', { ...machine(browser), agents: runs * perRun, screens: figures, handOver: handed, complaints })
}
