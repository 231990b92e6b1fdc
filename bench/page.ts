/**
 * The fleet page under load: 11,000 agents (1,000 runs, each a manager and ten workers) and 100,000 tasks that ended, then events at a rate while Chromium shows them.
 * `npm run bench -- page [--rate=2000] [--seconds=20] [--finished=100000] [--path=/?view=table]`. A frame is the time between two calls of
 * requestAnimationFrame; "idle" is the same page with nothing sent, the reference on this machine.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFeed } from '@signalbox/client/feed.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { type CDPSession, chromium, type Page } from 'playwright-core'

const option = (name: string, otherwise: number) =>
  Number(process.argv.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise)
const rate = option('rate', 2_000)
const seconds = option('seconds', 20)
const runs = option('runs', 1_000)
const finished = option('finished', 100_000)
const path = process.argv.find((arg) => arg.startsWith('--path='))?.slice('--path='.length) ?? '/'
const workers = 10
const nextId = createIdSource(Date.now)

const at = (run: number, more: Record<string, unknown>) => ({
  id: nextId(),
  source: 'bench',
  time: new Date().toISOString(),
  run: `run-${run}`,
  ...more,
})
const worker = (run: number, i: number) => `run-${run}/worker-${i}`

async function send(url: string, events: readonly object[]) {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  const answer = (await response.json()) as { accepted?: number }
  if (answer.accepted !== events.length)
    throw new Error(`Of ${events.length} events ${answer.accepted} were accepted: ${JSON.stringify(answer).slice(0, 400)}`)
}

async function seed(url: string) {
  let batch: object[] = []
  const flush = async () => {
    await send(url, batch)
    batch = []
  }
  for (let run = 0; run < runs; run += 1) {
    const manager = `run-${run}/manager`
    batch.push(at(run, { type: 'run.started', agent: manager, data: { name: `Release train ${run}` } }))
    batch.push(at(run, { type: 'agent.started', agent: manager, data: { role: 'manager', name: `Manager ${run}`, intervalMs: 3_600_000 } }))
    for (let i = 0; i < workers; i += 1) {
      const agent = worker(run, i)
      const data = { role: 'worker', name: `Worker ${run}.${i}`, manager, model: 'large', host: `host-${run % 40}`, intervalMs: 3_600_000 }
      batch.push(at(run, { type: 'agent.started', agent, data }))
      for (let done = 0; done < finished / runs / workers; done += 1) {
        const task = `done-${i}-${done}`
        batch.push(
          at(run, { type: 'task.assigned', agent: manager, task, data: { to: agent, title: `Check file ${done} of module ${i}` } }),
        )
        batch.push(at(run, { type: 'task.started', agent, task, data: {} }))
        batch.push(at(run, { type: 'task.completed', agent, task, data: {} }))
      }
      batch.push(
        at(run, {
          type: 'task.assigned',
          agent: manager,
          task: `open-${i}`,
          data: { to: agent, title: `Look through part ${i} of the log` },
        }),
      )
      batch.push(at(run, { type: 'task.started', agent, task: `open-${i}`, data: {} }))
    }
    if (batch.length >= 2_000) await flush()
  }
  await flush()
}

/** What agents do all day, one event at a time: any of them, in a random order that is the same in every run of this script. */
let random = 1
let opened: { readonly run: number; readonly agent: string; readonly call: string } | undefined
function step(n: number) {
  random = (random * 48_271) % 2_147_483_647
  const run = random % runs
  const i = Math.floor(random / runs) % workers
  const agent = worker(run, i)
  const data = { model: 'large', usage: { inputTokens: 900 + (n % 700), outputTokens: 60 }, costMicros: 700 }
  if (n % 4 === 0) return at(run, { type: 'llm.finished', agent, data })
  if (n % 4 === 1) {
    opened = { run, agent, call: `call-${n}` }
    return at(run, { type: 'tool.started', agent, data: { call: opened.call, name: ['Bash', 'Read', 'Edit', 'Grep'][(n >> 2) % 4] } })
  }
  if (n % 4 === 2 || opened === undefined) return at(run, { type: 'task.progress', agent, task: `open-${i}`, data: { note: `step ${n}` } })
  const type = n % 400 === 3 ? 'tool.failed' : 'tool.finished'
  return at(opened.run, { type, agent: opened.agent, data: { call: opened.call } })
}

async function load(url: string, forMs: number) {
  const startedAt = performance.now()
  let sent = 0
  let n = 0
  while (performance.now() - startedAt < forMs) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate)
    if (due - sent < Math.max(1, rate / 20)) {
      await new Promise((resume) => setTimeout(resume, 10))
      continue
    }
    const events = Array.from({ length: Math.min(2_000, due - sent) }, () => step(n++))
    await send(url, events)
    sent += events.length
  }
  return Math.round(sent / (forMs / 1_000))
}

async function serve(data: string) {
  const server: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../packages/cli/src/main.ts'), 'up'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SIGNALBOX_DATA: data, SIGNALBOX_PORT: '0', SIGNALBOX_LOG_LEVEL: 'error' },
  })
  let said = ''
  for await (const chunk of server.stdout ?? []) {
    said += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
    if (url !== undefined) return { url, server }
  }
  throw new Error(`The server ended while starting: ${said}`)
}

/** What a reader of the whole fleet gets first. */
async function snapshot(url: string) {
  const startedAt = performance.now()
  let bytes = 0
  const rows: Record<string, number> = {}
  const tookMs = await new Promise<number>((done) => {
    const feed = openFeed({
      url,
      feed: 'state',
      onFrame(frame) {
        if (frame.kind !== 'snapshot') return
        bytes += JSON.stringify(frame).length
        for (const { table } of frame.rows) rows[table] = (rows[table] ?? 0) + 1
        if (!frame.last) return
        done(performance.now() - startedAt)
        feed.close()
      },
    })
  })
  return { tookMs: Math.round(tookMs), megabytes: Number((bytes / 1e6).toFixed(1)), ...rows }
}

interface Frames {
  readonly frames: number[]
  readonly long: number[]
}

const percentile = (sorted: readonly number[], share: number) =>
  Number((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(1))

async function frames(page: Page, forMs: number) {
  await page.evaluate(() => {
    const held = globalThis as unknown as { bench?: Frames }
    if (held.bench !== undefined) {
      held.bench.frames.length = 0
      held.bench.long.length = 0
      return
    }
    const bench: Frames = { frames: [], long: [] }
    held.bench = bench
    new PerformanceObserver((list) => bench.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
    let last = performance.now()
    const tick = (now: number) => {
      bench.frames.push(now - last)
      last = now
      requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  })
  await page.waitForTimeout(forMs)
  const found = await page.evaluate(() => (globalThis as unknown as { bench: Frames }).bench)
  const sorted = found.frames.slice(1).sort((a, b) => a - b)
  return {
    frames: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
    longTasks: found.long.length,
    longestTask: Math.max(0, ...found.long),
    longMs: found.long.reduce((a, b) => a + b, 0),
  }
}

/** CPU time of the page's process so far, ms: unlike frames, it tells the page's own cost on a machine that others use too. */
async function cpuOf(cdp: CDPSession): Promise<number> {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
  return Math.max(0, ...processInfo.filter(({ type }) => type === 'renderer').map(({ cpuTime }) => cpuTime * 1_000))
}

async function main() {
  const data = await mkdtemp(join(tmpdir(), 'signalbox-page-'))
  const { url, server } = await serve(data)
  const browser = await chromium.launch({
    executablePath: process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    await seed(url)
    console.log('snapshot', JSON.stringify(await snapshot(url)))
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    page.on('console', (message) => message.type() === 'error' && console.log('console:', message.text()))
    page.on('pageerror', (error) => console.log('page:', error.message))
    await page.goto(`${url}${path}`)
    const all = (runs * (workers + 1)).toLocaleString('en')
    await page.locator('section[aria-label="Fleet"]').getByText(all, { exact: true }).first().waitFor()
    await page.locator('section[aria-label="Fleet"] button[title]').first().waitFor()
    const shownMs = Math.round(await page.evaluate(() => performance.now()))
    const elements = await page.evaluate(() => document.querySelectorAll('*').length)
    console.log(`whole fleet shown ${shownMs} ms after navigation, ${elements} elements`)
    const cdp = await page.context().newCDPSession(page)
    const browserCdp = await browser.newBrowserCDPSession()
    await cdp.send('Performance.enable')
    const heap = async () => {
      await cdp.send('HeapProfiler.collectGarbage')
      const { metrics } = await cdp.send('Performance.getMetrics')
      return Math.round((metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 1e6)
    }
    const measure = async (name: string, on: Page, forMs: number) => {
      const before = await cpuOf(browserCdp)
      const figures = await frames(on, forMs)
      const cpu = Math.round(((await cpuOf(browserCdp)) - before) / (forMs / 1_000) / 10)
      console.log(name, JSON.stringify({ ...figures, cpuPercent: cpu }))
    }
    await measure('idle, nothing sent', page, 5_000)
    console.log('heap', await heap(), 'MB')
    const blank = await browser.newPage()
    const reference = load(url, 6_000)
    await measure('blank page, same load', blank, 5_000)
    await reference
    await blank.close()
    const sending = load(url, seconds * 1_000)
    for (let piece = 0; piece < 4; piece += 1) {
      await measure('fleet under load', page, (seconds * 1_000) / 4 - 500)
      console.log('heap', await heap(), 'MB')
    }
    console.log('sent', await sending, 'events/s')
    const timed = async (name: string, act: () => Promise<unknown>) => {
      const seen = frames(page, 1_500)
      await act()
      const { longestTask, max } = await seen
      console.log(`${name}: longest task ${Math.round(longestTask)} ms, longest frame ${max} ms`)
    }
    await timed('filter', () => page.getByLabel('Filter agents').fill('worker 7'))
    await timed('clear filter', () => page.getByLabel('Filter agents').fill(''))
    await timed('group by run', () => page.getByLabel('Group by').selectOption('run'))
    await timed('group none', () => page.getByLabel('Group by').selectOption('none'))
    await timed('sort by tokens', () => page.getByLabel('Sort by').selectOption('-tokens'))
    await timed('table or grid', () => page.getByRole('button', { name: 'table' }).click())
  } finally {
    await browser.close()
    const ended = once(server, 'exit')
    server.kill()
    await ended
    await rm(data, { recursive: true, force: true })
  }
}
await main()
