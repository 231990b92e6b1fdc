/** What is measured of a page: frames, long tasks, memory, and the processor time of everybody involved. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { CDPSession, Page } from 'playwright-core'

interface Recorded {
  on: boolean
  readonly frames: number[]
  readonly long: number[]
}

export interface Figures {
  readonly seconds: number
  readonly frames: number
  /** Times between animation frames, ms. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  readonly framesPerSecond: number
  /** Over 50 ms. */
  readonly longTasks: number
  readonly longestTask: number
}

const share = (sorted: readonly number[], of: number) => Number((sorted[Math.floor((sorted.length - 1) * of)] ?? Number.NaN).toFixed(1))

/** Notes each frame and long task of the page while told to. */
export async function recordFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const recorded: Recorded = { on: false, frames: [], long: [] }
    Object.assign(globalThis, { recorded })
    new PerformanceObserver((list) => {
      if (recorded.on) recorded.long.push(...list.getEntries().map(({ duration }) => duration))
    }).observe({ type: 'longtask' })
    let last = 0
    const tick = (now: number) => {
      if (recorded.on && last > 0) recorded.frames.push(now - last)
      last = recorded.on ? now : 0
      requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  })
}

const take = (page: Page, on: boolean) =>
  page.evaluate((on) => {
    const { recorded } = globalThis as unknown as { recorded: Recorded }
    const taken = { frames: [...recorded.frames], long: [...recorded.long] }
    recorded.frames.length = 0
    recorded.long.length = 0
    recorded.on = on
    return taken
  }, on)

export type Taken = Pick<Recorded, 'frames' | 'long'>

export async function framesWhile(page: Page, act: () => Promise<unknown>): Promise<Taken> {
  await take(page, true)
  await act()
  return take(page, false)
}

export function figuresOf(taken: readonly Taken[]): Figures {
  const frames = taken.flatMap((piece) => piece.frames).sort((a, b) => a - b)
  const long = taken.flatMap((piece) => piece.long)
  const seconds = frames.reduce((a, b) => a + b, 0) / 1_000
  return {
    seconds: Number(seconds.toFixed(1)),
    frames: frames.length,
    p50: share(frames, 0.5),
    p95: share(frames, 0.95),
    p99: share(frames, 0.99),
    max: share(frames, 1),
    framesPerSecond: Number((frames.length / seconds).toFixed(1)),
    longTasks: long.length,
    longestTask: Math.round(Math.max(0, ...long)),
  }
}

/** What the page's own thread holds after a collection, MB. */
export async function heapOf(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage')
  const { metrics } = await cdp.send('Performance.getMetrics')
  return Number(((metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 1e6).toFixed(1))
}

const ticksPerSecond = 100

/** A process and all that it started, from /proc; nothing where there is none, or once it has ended. */
function* treeOf(pid: number | string): Generator<string> {
  let children: string
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  } catch {
    return
  }
  yield String(pid)
  for (const child of children.split(' ').filter(Boolean)) yield* treeOf(child)
}

/** Processor seconds of a process and all that it started, and their resident memory, in which what several share counts once (Pss). */
export function usedBy(pid: number | undefined): { readonly cpuSeconds: number; readonly residentMB: number } {
  let cpuSeconds = 0
  let residentMB = 0
  for (const id of pid === undefined ? [] : treeOf(pid)) {
    try {
      const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      cpuSeconds += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
      residentMB += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1_024
    } catch {
      // It has ended.
    }
  }
  return { cpuSeconds, residentMB: Math.round(residentMB) }
}

/**
 * Lets everybody else go first. `nice` alone does not: with sched_autogroup_enabled, Linux shares cores among sessions of processes, each with
 * a niceness of its own, and every backend of PostgreSQL is a session (sched(7), "The autogroup feature").
 */
export function yieldToOthers(pid: number | undefined): void {
  for (const id of pid === undefined ? [] : treeOf(pid)) {
    try {
      writeFileSync(`/proc/${id}/autogroup`, '19')
    } catch {
      // No such feature, no such process, or not ours to say.
    }
  }
}

/** The page's renderer (the busiest one there is), who draws, and the browser itself. */
export async function processesOf(cdp: CDPSession) {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
  const busiest = processInfo.toSorted((a, b) => b.cpuTime - a.cpuTime)
  const first = (of: string) => busiest.find(({ type }) => type === of)?.id
  return { renderer: first('renderer'), drawing: first('GPU'), browser: first('browser') }
}

/** Bytes that a server sent over connections that are open now; undefined where `ss` is not there to ask. */
export function sentFrom(port: string): number | undefined {
  try {
    const said = execFileSync('ss', ['-tinH', `sport = :${port}`], { encoding: 'utf8' })
    return [...said.matchAll(/bytes_sent:(\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
  } catch {
    return undefined
  }
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number; readonly columnNumber: number }
  }[]
  readonly samples?: readonly number[]
}

/** Where the page's time goes, by function, in per cent of all samples. */
export function hottest({ nodes, samples = [] }: Profile, most: number): readonly string[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber, columnNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url === '' ? '' : `${url.split('/').at(-1)}:${lineNumber + 1}:${columnNumber}`}`,
    ]),
  )
  const counts = new Map<string, number>()
  for (const sample of samples) {
    const name = names.get(sample) ?? '?'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([name, count]) => `${((100 * count) / samples.length).toFixed(1).padStart(5)} %  ${name}`)
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds on the clock, and of processor time. */
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

export interface Tasks {
  readonly tasks: number
  /** Longest, ms: on the clock, and of processor time. The difference is time in which the processor did other work. */
  readonly longestMs: number
  readonly longestOwnMs: number
  readonly over50Ms: number
  readonly over50OwnMs: number
}

/** Of the page's own thread, from a trace. */
export function tasksOf(trace: Buffer, pid: number | undefined): Tasks {
  const { traceEvents } = JSON.parse(String(trace)) as { traceEvents: readonly TraceEvent[] }
  const main = traceEvents.find((event) => event.pid === pid && event.name === 'thread_name' && event.args?.name === 'CrRendererMain')?.tid
  const tasks = traceEvents.filter((event) => event.pid === pid && event.tid === main && event.name === 'RunTask')
  const clock = tasks.map(({ dur }) => (dur ?? 0) / 1_000)
  const own = tasks.map(({ tdur }) => (tdur ?? 0) / 1_000)
  return {
    tasks: tasks.length,
    longestMs: Math.round(clock.reduce((a, b) => Math.max(a, b), 0)),
    longestOwnMs: Math.round(own.reduce((a, b) => Math.max(a, b), 0)),
    over50Ms: clock.filter((ms) => ms > 50).length,
    over50OwnMs: own.filter((ms) => ms > 50).length,
  }
}
