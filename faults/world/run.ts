/** One scenario: a world with load, faults that strike it one after the other, then peace, and what everybody saw judged. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check } from '../check/check.ts'
import type { Counted, Needs } from '../check/counted.ts'
import { findingText } from '../check/finding.ts'
import { lawNames } from '../check/law.ts'
import { readHistory } from '../history/reader.ts'
import { createHistory } from '../history/writer.ts'
import { type OpenedWorld, openWorld, type Setting } from './open.ts'
import { shuffled } from './random.ts'
import { type Shortcoming, settleAndRead } from './settle.ts'
import type { Fault } from './world.ts'

export interface ScenarioOptions {
  readonly name: string
  readonly seed: number
  /** Of one `setting`, or of none. */
  readonly faults: readonly Fault[]
  /** Faults strike again, in another order, until so much time has gone; default: each once. */
  readonly seconds?: number
  /** So many strikes of `faults`, round after round, or until one does not strike. Default: as `seconds` has it. */
  readonly strikes?: number
  /** Strike once each, before the others; of their setting, or of none. Not of the `strikes`. */
  readonly opening?: readonly Fault[]
  /** What the run has to have seen to count. Default: what every fault brings about; not each leaves a sender in doubt, or gives a writer a rival. */
  readonly sights?: Needs['sights']
  /** Default 1,000. */
  readonly eventsPerSecond?: number
  /** Leaves the folder with the history, the server's log and its data. It is left too where something was found. */
  readonly keep?: boolean
  /** A server's data folder, at rest, that the world begins with a copy of: it takes a second, where a new database takes some. */
  readonly template?: string
  readonly onProgress?: (progress: Progress) => void
  /** No further fault strikes; what struck is judged. */
  readonly signal?: AbortSignal
}

export interface Progress {
  readonly name: string
  readonly seconds: number
  readonly acknowledged: number
  /** Faults that have struck. */
  readonly struck: number
  /** What strikes now, or what else is under way. */
  readonly now: string
}

export interface Struck {
  readonly fault: string
  /** What shows that it struck. */
  readonly fired?: string
  readonly error?: string
  readonly seconds: number
  /** One of the `opening`. */
  readonly isOpening: boolean
}

export interface ScenarioResult {
  readonly name: string
  readonly seed: number
  readonly folder: string
  readonly historyPath: string
  /** Events that were acknowledged. */
  readonly events: number
  readonly seconds: number
  readonly struck: readonly Struck[]
  /** Broken laws and missed ends, each in a text of some lines; empty: all is well. */
  readonly findings: readonly string[]
  /** How many things broke a law, by law. */
  readonly broken: Readonly<Record<string, number>>
  /** Why the run does not count; empty: it does. */
  readonly uncounted: readonly string[]
  readonly seen: Counted['seen']
  /** Things that the laws compared. */
  readonly looked: number
}

const usualSights: Needs['sights'] = ['duplicate-suppressed', 'resync', 'late-event']
const warmUpEvents = 300
const patienceMs = 60_000
/** After each fault, before the next. */
const aliveEvents = 100
const progressMs = 2_000

export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { name, seed, faults, opening = [], seconds = 0, strikes, eventsPerSecond = 1_000, keep = false, signal, onProgress } = options
  const { template, sights = usualSights } = options
  const beganAt = performance.now()
  const took = () => Math.round(performance.now() - beganAt) / 1_000
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-'))
  const historyPath = join(folder, 'history.jsonl')
  const shortcomings: Shortcoming[] = []
  const struck: Struck[] = []
  const isEnough = () =>
    strikes !== undefined &&
    (struck.filter(({ isOpening }) => !isOpening).length >= strikes || struck.some(({ fired }) => fired === undefined))
  let now = 'starting'
  let acknowledged = () => 0
  const progress = setInterval(
    () => onProgress?.({ name, seconds: took(), acknowledged: acknowledged(), struck: struck.length, now }),
    progressMs,
  )
  const stack = new AsyncDisposableStack()
  try {
    const history = stack.use(createHistory(historyPath))
    const setting: Setting = faults[0]?.setting ?? {}
    const opened = await openWorld(
      { folder, seed, setting, eventsPerSecond, history, ...(template === undefined ? {} : { template }) },
      stack,
    )
    acknowledged = opened.acknowledged
    await opened.world.acknowledged(warmUpEvents, patienceMs)
    const hit = async (fault: Fault, isOpening: boolean) => {
      now = fault.name
      struck.push({ ...(await strike(fault, opened, took)), isOpening })
      shortcomings.push(...(await heal(fault, opened)))
    }
    for (const fault of opening) if (signal?.aborted !== true) await hit(fault, true)
    do {
      for (const fault of shuffled(faults, opened.world.random)) {
        if (signal?.aborted === true || isEnough()) break
        await hit(fault, false)
      }
    } while ((strikes === undefined ? took() < seconds : !isEnough()) && signal?.aborted !== true)
    now = 'settling'
    shortcomings.push(...(await settleAndRead({ ...opened, tell: history.tell })))
  } catch (cause) {
    throw new Error(`The scenario "${name}" with seed ${seed} broke off; what it left is in ${folder}.`, { cause })
  } finally {
    clearInterval(progress)
    await stack.disposeAsync()
  }
  const report = check(readHistory(historyPath), { needs: { laws: lawNames, sights } })
  const findings = [...shortcomings.map(({ law, what }) => `${law}: ${what}`), ...report.findings.map(findingText)]
  const broken: Record<string, number> = {}
  for (const { law, count } of report.findings) broken[law] = (broken[law] ?? 0) + count
  const isClean = findings.length === 0 && report.counted.counts
  if (isClean && !keep) await rm(folder, { recursive: true, force: true })
  return {
    name,
    seed,
    folder,
    historyPath,
    events: acknowledged(),
    seconds: took(),
    struck,
    findings,
    broken,
    uncounted: report.counted.missing,
    seen: report.counted.seen,
    looked: Object.values(report.looked).reduce((sum, looked) => sum + looked, 0),
  }
}

async function strike({ name: fault, strike: hit }: Fault, { world }: OpenedWorld, took: () => number): Promise<Omit<Struck, 'isOpening'>> {
  const startedAt = took()
  const seconds = () => Math.round((took() - startedAt) * 10) / 10
  world.tell({ op: 'fault', type: 'invoke', fault })
  try {
    const fired = await hit(world)
    world.tell({ op: 'fault', type: 'ok', fault, fired })
    return { fault, fired, seconds: seconds() }
  } catch (error) {
    world.tell({ op: 'fault', type: 'fail', fault, error: String(error) })
    return { fault, error: String(error), seconds: seconds() }
  }
}

/** Whatever the fault left behind; then the world has to be well by itself. */
async function heal({ name }: Fault, { world }: OpenedWorld): Promise<readonly Shortcoming[]> {
  const shortcomings: Shortcoming[] = []
  world.proxy.behave({ kind: 'pass' })
  world.databaseProxy?.behave({ kind: 'pass' })
  if (!world.server.isRunning()) await world.server.start()
  world.server.surprises()
  try {
    await world.acknowledged(aliveEvents, patienceMs)
  } catch (error) {
    shortcomings.push({ law: 'liveness', what: `after "${name}" was healed: ${String(error)}` })
  }
  for (const end of world.server.surprises())
    shortcomings.push({ law: 'survival', what: `after "${name}" was healed the server of ${end}` })
  return shortcomings
}
