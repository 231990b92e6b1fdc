/**
 * What the server's own process runs at its fail points. What to do stands in `armed.json` of the folder in SIGNALBOX_FAILPOINTS (below the
 * data folder, if relative); what was done is written there before it is done, so that it is known though the process is gone.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface Order {
  readonly point: string
  /** The how maniest time that it is come to, from 1, since it was armed. */
  readonly nth: number
  /**
   * kill: SIGKILL, before the next instruction. throw: as if the step had failed. stall: at `under` the answer comes so much later,
   * at other points the whole process stands.
   */
  readonly action: 'kill' | 'throw' | 'stall'
  readonly ms?: number
}

export const armedFile = 'armed.json'
export const firedFile = 'fired.json'
/** Every point that was ever come to, one a line. */
export const seenFile = 'seen'

const lookMs = 10
const folder = resolve(process.env.SIGNALBOX_DATA ?? '.', process.env.SIGNALBOX_FAILPOINTS ?? 'failpoints')
const seen = new Set<string>()
let armed = ''
let order: Order | undefined
let left = 0

function look(): void {
  let text = ''
  try {
    text = readFileSync(join(folder, armedFile), 'utf8')
  } catch {
    // Nothing is armed.
  }
  if (text === armed) return
  armed = text
  order = text === '' ? undefined : (JSON.parse(text) as Order)
  left = order?.nth ?? 0
}

if (process.env.SIGNALBOX_FAILPOINTS !== undefined) {
  mkdirSync(folder, { recursive: true })
  look()
  setInterval(look, lookMs).unref()
}

/** The order, when it is due here and now. */
function due(point: string): Order | undefined {
  if (!seen.has(point)) {
    seen.add(point)
    appendFileSync(join(folder, seenFile), `${point}\n`)
  }
  if (order?.point !== point) return undefined
  left -= 1
  if (left > 0) return undefined
  const now = order
  order = undefined
  armed = ''
  // First of all: the process that comes next must not die of the same order.
  rmSync(join(folder, armedFile), { force: true })
  writeFileSync(join(folder, firedFile), JSON.stringify(now))
  if (now.action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (now.action === 'throw') throw new Error(`Fail point ${point}.`)
  return now
}

export function at(point: string): void {
  const stalled = due(point)
  if (stalled !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stalled.ms ?? 0)
}

/** Between the request and its answer. */
export function under<T>(point: string, asked: T): T | Promise<Awaited<T>> {
  const stalled = due(point)
  if (stalled === undefined) return asked
  const settled = Promise.resolve(asked)
  // Its rejection is for who waits, only later.
  settled.catch(() => undefined)
  return new Promise((resume) => setTimeout(resume, stalled.ms ?? 0)).then(() => settled)
}

export function through<T>(_before: undefined, value: T, point?: string): T {
  if (point !== undefined) at(point)
  return value
}
