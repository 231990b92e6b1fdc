/** The fleet page with 10,000 agents while 10,000 events a second come in. */
import { beginning, perRun } from './fleet.ts'
import { processesOf, recordFrames, tasksOf } from './measure.ts'
import { isAsked, option, said } from './options.ts'
import { post, type Sender, send } from './parties.ts'
import { profiled } from './profile.ts'
import { judge, keep, machine, type Stage } from './stage.ts'
import { type Action, heapSlope, type Measured, measured, pieceMs, sessionOf, timed } from './watch.ts'

const rate = option('rate', 10_000)
const seconds = option('seconds', 60)
const runs = option('runs', 1_000)
const finished = option('finished', 1)
const path = said('path') ?? '/'

function* seed() {
  for (let run = 0; run < runs; run += 1) yield* beginning(run, finished)
}

export async function fleetPage(stage: Stage): Promise<void> {
  const { server, browser, context, complaints } = stage
  const notes: Record<string, unknown> = { ...machine(browser), ...{ agents: runs * perRun, runs, rateAsked: rate, path } }
  console.log(JSON.stringify(notes))
  const results: Measured[] = []
  const actions: Action[] = []
  let sender: Sender | undefined
  await post(server.url, seed())
  const page = await context.newPage()
  await page.goto(`${server.url}${path}`)
  await page
    .locator('section[aria-label="Fleet"]')
    .getByText((runs * perRun).toLocaleString('en'), { exact: true })
    .first()
    .waitFor()
  notes.shownMs = Math.round(await page.evaluate(() => performance.now()))
  notes.elements = await page.evaluate(() => document.querySelectorAll('*').length)
  console.log(`whole fleet shown ${notes.shownMs} ms after navigation, ${notes.elements} elements`)
  const cdp = await sessionOf(page)
  const processes = await processesOf(await browser.newBrowserCDPSession())
  await recordFrames(page)
  try {
    await page.waitForTimeout(3_000)
    results.push(await measured(stage, processes, { name: 'idle', page, cdp, forMs: pieceMs }))
    sender = send(server.url, rate, ['fleet', String(runs)])
    await page.waitForTimeout(5_000)
    const load = await measured(stage, processes, { name: 'load', page, cdp, forMs: seconds * 1_000, sender })
    results.push(load)
    await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] })
    await page.waitForTimeout(pieceMs)
    notes.traced = tasksOf(await browser.stopTracing(), processes.renderer)
    console.log(`tasks of the page, ten seconds of the same load: ${JSON.stringify(notes.traced)}`)
    if (isAsked('profile')) await profiled(cdp, 'load', () => page.waitForTimeout(pieceMs))
    const act = async (what: string, press: () => Promise<unknown>) => {
      actions.push(await profiled(cdp, what, () => timed(page, what, press)))
    }
    await act('filter', () => page.getByLabel('Filter agents').fill('worker 7'))
    await act('clear filter', () => page.getByLabel('Filter agents').fill(''))
    await act('group by run', () => page.getByLabel('Group by').selectOption('run'))
    await act('group none', () => page.getByLabel('Group by').selectOption('none'))
    await act('sort by tokens', () => page.getByLabel('Sort by').selectOption('-tokens'))
    await act('tiles', () => page.getByLabel('Density').selectOption('tiles'))
    await act('scroll', async () => {
      await page.mouse.move(600, 500)
      for (let i = 0; i < 30; i += 1) await page.mouse.wheel(0, 400)
    })
    await act('table', () => page.getByRole('button', { name: 'table' }).click())
    const blank = await context.newPage()
    await recordFrames(blank)
    results.push(await measured(stage, processes, { name: 'blank', page: blank, cdp: await sessionOf(blank), forMs: pieceMs, sender }))
    notes.heapSlopeMBPerMinute = heapSlope(load.pieces)
    console.log(`heap slope ${notes.heapSlopeMBPerMinute} MB a minute`)
    judge('the fleet under load', load.frames.p95, load.frames.longestTask)
    for (const { what, longestTask } of actions) judge(`${what}, under load`, undefined, longestTask)
  } finally {
    await sender?.stop()
  }
  await keep('signalbox-dashboard', { ...notes, actions, complaints, results })
}
