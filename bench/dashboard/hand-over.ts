/** How long a tab hears nothing when the tab that holds the connection of all of them is closed. */
import type { Page } from 'playwright-core'
import { send } from './parties.ts'
import type { Stage } from './stage.ts'

interface Heard {
  role: string
  tabs: number
  /** When the page was given rows, epoch ms; the newest ones. */
  readonly rowsAt: number[]
}

const rounds = 5
const waitMs = 4_000
/** The server has just begun to hold what was sent. */
const slowly = { timeout: 90_000 }

/** Notes what the page's worker gives it. */
const listen = (page: Page) =>
  page.addInitScript(() => {
    const heard: Heard = { role: '', tabs: 0, rowsAt: [] }
    Object.assign(globalThis, { heard })
    const Own = Worker
    globalThis.Worker = class extends Own {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options)
        this.addEventListener('message', ({ data }) => {
          if (data.kind === 'role') Object.assign(heard, data.role)
          if (data.kind !== 'batch' || !data.frames.some(({ kind }: { readonly kind: string }) => kind === 'delta' || kind === 'snapshot'))
            return
          heard.rowsAt.push(Date.now())
          if (heard.rowsAt.length > 2_000) heard.rowsAt.shift()
        })
      }
    }
  })

const heardBy = (page: Page) => page.evaluate(() => (globalThis as unknown as { heard: Heard }).heard)

/** From the closing to the first rows after the longest silence that follows, ms; each round. */
export async function handOver({ server, context }: Stage): Promise<readonly number[]> {
  const taken: number[] = []
  const sender = send(server.url, 1_000, ['fleet', '1000'])
  try {
    for (let round = 0; round < rounds; round += 1) {
      const pages = [await context.newPage(), await context.newPage()]
      for (const page of pages) {
        await listen(page)
        await page.goto(server.url)
        await page.waitForFunction(() => (globalThis as unknown as { heard: Heard }).heard.rowsAt.length > 10, undefined, slowly)
      }
      for (const page of pages)
        await page.waitForFunction(() => (globalThis as unknown as { heard: Heard }).heard.tabs === 2, undefined, slowly)
      const roles = await Promise.all(pages.map(async (page) => (await heardBy(page)).role))
      const leader = pages[roles.indexOf('leader')]
      const follower = pages[roles.indexOf('follower')]
      if (leader === undefined || follower === undefined) throw new Error(`The two tabs are ${roles.join(' and ')}.`)
      const closedAt = Date.now()
      await leader.close()
      await follower.waitForTimeout(waitMs)
      const { rowsAt } = await heardBy(follower)
      // Some rows were on their way.
      const after = [closedAt, ...rowsAt.filter((at) => at > closedAt)]
      const silences = after.slice(1).map((at, i) => at - (after[i] ?? at))
      const longest = silences.indexOf(Math.max(...silences))
      taken.push((after[longest + 1] ?? Number.NaN) - closedAt)
      await follower.close()
    }
  } finally {
    await sender.stop()
  }
  console.log(`the other tab has rows again, ms after the one with the connection was closed: ${taken.join(', ')}`)
  return taken
}
