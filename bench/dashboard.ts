/**
 * `npm run bench:dashboard`: the fleet page with 10,000 agents while 10,000 events a second come in. A real server, a sender and Chromium,
 * each a process, on one machine. Prints figures, and keeps them as JSON.
 *
 * `-- --rate=10000 --seconds=60 --runs=1000 --finished=1 --path=/ --width=1440 --height=900 --json=file --profile`
 *
 * A frame is the time between two animation frames; "idle" is the same page with nothing sent, the reference on this machine, and
 * "blank" an empty page beside the same load. Where the machine does other work too, a task takes longer on the clock than of the processor: a
 * trace tells both. A collection before each look at the heap is not within what is measured.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { beginning, perRun } from './dashboard/fleet.ts'
import {
  type Figures,
  figuresOf,
  framesWhile,
  heapOf,
  hottest,
  processesOf,
  recordFrames,
  sentFrom,
  type Taken,
  tasksOf,
  usedBy,
  yieldToOthers,
} from './dashboard/measure.ts'

const said = (name: string) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
const option = (name: string, otherwise: number) => Number(said(name) ?? otherwise)
const rate = option('rate', 10_000)
const seconds = option('seconds', 60)
const runs = option('runs', 1_000)
const finished = option('finished', 1)
const path = said('path') ?? '/'
const pieceMs = 10_000

interface Sender {
  readonly process: ChildProcess
  /** Events acknowledged so far. */
  readonly acknowledged: () => number
  stop(): Promise<void>
}

/** Server and sender let the browser go first (`yieldToOthers`): people look from another machine, and who is starved of a core measures the scheduler. */
const apart = (script: string, args: readonly string[], env = process.env) =>
  spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env, detached: true })

async function ended(child: ChildProcess) {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

function send(url: string, at: number): Sender {
  const child = apart('dashboard/sender.ts', [url, String(runs), String(at)])
  let acknowledged = 0
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) acknowledged = (JSON.parse(line) as { acknowledged: number }).acknowledged
  })
  return { process: child, acknowledged: () => acknowledged, stop: () => ended(child) }
}

async function serve(data: string) {
  const server = apart('../packages/cli/src/main.ts', ['up'], {
    ...process.env,
    ...{ SIGNALBOX_DATA: data, SIGNALBOX_PORT: '0', SIGNALBOX_LOG_LEVEL: 'error' },
    ...{ SIGNALBOX_OTLP_HTTP_PORT: 'off', SIGNALBOX_OTLP_GRPC_PORT: 'off' },
  })
  let text = ''
  for await (const chunk of server.stdout) {
    text += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
    if (url !== undefined) return { url, process: server }
  }
  throw new Error(`The server ended while starting: ${text}`)
}

async function seed(url: string) {
  let batch: object[] = []
  const flush = async () => {
    const body = JSON.stringify(batch)
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const answer = (await response.json()) as { accepted?: number }
    if (answer.accepted !== batch.length) throw new Error(`Not all were accepted: ${JSON.stringify(answer).slice(0, 400)}`)
    batch = []
  }
  for (let run = 0; run < runs; run += 1) {
    batch.push(...beginning(run, finished))
    if (batch.length >= 2_000) await flush()
  }
  if (batch.length > 0) await flush()
}

interface Piece {
  readonly heapMB: number
  /** Events a second by the page's own figure; what it shows is ten seconds' mean. */
  readonly shownPerSecond: number | undefined
  /** What the page says of its connection. */
  readonly connection: string
}

interface Measured {
  readonly name: string
  readonly frames: Figures
  readonly sentPerSecond?: number
  readonly pieces: readonly Piece[]
  /** Shares of one core. */
  readonly cores: Readonly<Record<string, number>>
  readonly residentMB: Readonly<Record<string, number>>
  readonly megabytesPerSecond?: number | undefined
}

const shown = async (page: Page): Promise<number | undefined> => {
  const text = await page.evaluate(
    () => /([\d.]+)(k?)\s*events\/s/.exec(document.querySelector('section[aria-label="Fleet"]')?.textContent ?? '')?.slice(1) ?? null,
  )
  return text === null ? undefined : Number(text[0]) * (text[1] === 'k' ? 1_000 : 1)
}

const connectionOf = (page: Page) => page.evaluate(() => document.querySelector('[data-testid=connection]')?.textContent ?? '')

async function main() {
  const { version } = await import('../package.json', { with: { type: 'json' } }).then(({ default: about }) => about)
  const data = await mkdtemp(join(tmpdir(), 'signalbox-dashboard-'))
  const server = await serve(data)
  const browser = await chromium.launch({
    executablePath: process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  const results: Measured[] = []
  const notes: Record<string, unknown> = {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    ...{ node: process.version, chromium: browser.version(), signalbox: version, at: new Date().toISOString() },
    ...{ agents: runs * perRun, runs, rateAsked: rate, path },
  }
  console.log(JSON.stringify(notes))
  let sender: Sender | undefined
  try {
    await seed(server.url)
    const context = await browser.newContext({ viewport: { width: option('width', 1_440), height: option('height', 900) } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${server.url}${path}`)
    await page
      .locator('section[aria-label="Fleet"]')
      .getByText((runs * perRun).toLocaleString('en'), { exact: true })
      .first()
      .waitFor()
    notes.shownMs = Math.round(await page.evaluate(() => performance.now()))
    notes.elements = await page.evaluate(() => document.querySelectorAll('*').length)
    console.log(`whole fleet shown ${notes.shownMs} ms after navigation, ${notes.elements} elements`)
    const cdp: CDPSession = await context.newCDPSession(page)
    const whole = await browser.newBrowserCDPSession()
    await cdp.send('Performance.enable')
    const processes = await processesOf(whole)
    const port = new URL(server.url).port
    await recordFrames(page)

    const measure = async (name: string, on: Page, forMs: number, of: CDPSession = cdp): Promise<void> => {
      const parties = { server: server.process.pid, sender: sender?.process.pid, ...processes }
      const used = () => Object.entries(parties).map(([party, pid]) => [party, usedBy(pid)] as const)
      const before = { used: used(), acknowledged: sender?.acknowledged() ?? 0, sent: sentFrom(port), at: performance.now() }
      const taken: Taken[] = []
      const pieces: Piece[] = []
      for (let left = forMs; left > 0; left -= pieceMs) {
        for (const pid of [server.process.pid, sender?.process.pid]) yieldToOthers(pid)
        taken.push(await framesWhile(on, () => on.waitForTimeout(Math.min(left, pieceMs))))
        pieces.push({ shownPerSecond: await shown(on), connection: await connectionOf(on), heapMB: await heapOf(of) })
        const { heapMB, shownPerSecond, connection } = pieces.at(-1) ?? {}
        const { p95, max, longTasks, longestTask } = figuresOf(taken.slice(-1))
        console.log(
          `  ${name}: p95 ${p95}, max ${max} ms, long tasks ${longTasks} (${longestTask} ms), heap ${heapMB} MB, shows ${shownPerSecond}/s, ${connection}`,
        )
      }
      const passed = (performance.now() - before.at) / 1_000
      const after = used()
      const cores = after.map(([party, now], i) => [
        party,
        Number(((now.cpuSeconds - (before.used[i]?.[1].cpuSeconds ?? 0)) / passed).toFixed(2)),
      ])
      const sentNow = sentFrom(port)
      const bytes = sentNow === undefined || before.sent === undefined ? undefined : sentNow - before.sent
      results.push({
        ...{ name, frames: figuresOf(taken), pieces, cores: Object.fromEntries(cores) },
        ...(sender === undefined ? {} : { sentPerSecond: Math.round((sender.acknowledged() - before.acknowledged) / passed) }),
        residentMB: Object.fromEntries(after.map(([party, now]) => [party, now.residentMB])),
        megabytesPerSecond: bytes === undefined ? undefined : Number((bytes / passed / 1e6).toFixed(2)),
      })
      notes.loadAverages = [...((notes.loadAverages as string[] | undefined) ?? []), `${name} ${loadavg()[0]?.toFixed(1)}`]
      const { frames, ...rest } = results.at(-1) ?? {}
      console.log(`${name} ${JSON.stringify(frames)} ${JSON.stringify({ ...rest, name: undefined, pieces: undefined })}`)
    }

    await page.waitForTimeout(3_000)
    await measure('idle', page, pieceMs)
    sender = send(server.url, rate)
    await page.waitForTimeout(5_000)
    await measure('load', page, seconds * 1_000)
    await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] })
    await page.waitForTimeout(pieceMs)
    notes.traced = tasksOf(await browser.stopTracing(), processes.renderer)
    console.log(`tasks of the page, ten seconds of the same load: ${JSON.stringify(notes.traced)}`)
    if (process.argv.includes('--profile')) {
      await cdp.send('Profiler.enable')
      await cdp.send('Profiler.setSamplingInterval', { interval: 500 })
      await cdp.send('Profiler.start')
      await page.waitForTimeout(pieceMs)
      const { profile } = await cdp.send('Profiler.stop')
      console.log(hottest(profile, 40).join('\n'))
      await writeFile(join(tmpdir(), 'dashboard.cpuprofile'), JSON.stringify(profile))
    }
    const timed = async (what: string, act: () => Promise<unknown>) => {
      const { frames, long } = await framesWhile(page, async () => {
        await act()
        await page.waitForTimeout(1_500)
      })
      console.log(`${what}: longest task ${Math.round(Math.max(0, ...long))} ms, longest frame ${Math.round(Math.max(0, ...frames))} ms`)
      return { what, longestTask: Math.round(Math.max(0, ...long)), longestFrame: Math.round(Math.max(0, ...frames)) }
    }
    notes.actions = [
      await timed('filter', () => page.getByLabel('Filter agents').fill('worker 7')),
      await timed('clear filter', () => page.getByLabel('Filter agents').fill('')),
      await timed('group by run', () => page.getByLabel('Group by').selectOption('run')),
      await timed('group none', () => page.getByLabel('Group by').selectOption('none')),
      await timed('sort by tokens', () => page.getByLabel('Sort by').selectOption('-tokens')),
      await timed('tiles', () => page.getByLabel('Density').selectOption('tiles')),
      await timed('scroll', async () => {
        await page.mouse.move(600, 500)
        for (let i = 0; i < 30; i += 1) await page.mouse.wheel(0, 400)
      }),
      await timed('table', () => page.getByRole('button', { name: 'table' }).click()),
    ]
    const blank = await context.newPage()
    await recordFrames(blank)
    const blankCdp = await context.newCDPSession(blank)
    await blankCdp.send('Performance.enable')
    await measure('blank', blank, pieceMs, blankCdp)
    notes.complaints = complaints
    if (complaints.length > 0) console.log('the page complained:', complaints)
  } finally {
    await sender?.stop()
    await browser.close()
    await ended(server.process)
    await rm(data, { recursive: true, force: true })
  }
  const load = results.find(({ name }) => name === 'load')
  const heaps = load?.pieces.map(({ heapMB }) => heapMB) ?? []
  // Of the second half: what grows only while buffers fill is no leak.
  const half = heaps.slice(Math.floor(heaps.length / 2))
  notes.heapSlopeMBPerMinute = Number(
    (((half.at(-1) ?? 0) - (half[0] ?? 0)) / Math.max(1, (half.length - 1) * (pieceMs / 60_000))).toFixed(2),
  )
  const file = said('json') ?? join(tmpdir(), 'signalbox-dashboard.json')
  await writeFile(file, `${JSON.stringify({ ...notes, results }, null, 2)}\n`)
  console.log(`heap slope ${notes.heapSlopeMBPerMinute} MB a minute; kept in ${file}`)
}
await main()
