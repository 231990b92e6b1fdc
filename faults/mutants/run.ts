/** Runs every mutant in its scenario, and every scenario against the server as it is: what is caught, by which law, how soon. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/free-port.ts'
import { preloadEnv } from '../failpoints/arm.ts'
import { runScenario, type Struck } from '../world/run.ts'
import { startServerProcess } from '../world/server-process.ts'
import type { Fault } from '../world/world.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { type ScenarioName, scenarios } from './scenarios.ts'

export interface Trial {
  readonly scenario: ScenarioName
  /** Undefined: the server as it is. */
  readonly mutant: Mutant | undefined
  /** Laws that found something; "run" where the run broke off, "strike" where a fault could not strike. */
  readonly caughtBy: readonly string[]
  /** Of the first finding of each law, or why the run ended. */
  readonly said: readonly string[]
  /** The mutant was caught by its law; the server as it is by none. */
  readonly isGood: boolean
  /** Runs it took, each with the next seed: some bugs need a meeting that not every run brings about. */
  readonly tries: number
  readonly seconds: number
  /** What the run left, where the trial is not good. */
  readonly folder?: string
}

export interface MutantsOptions {
  readonly seed: number
  /** Parts of mutants' names, or of scenarios'; none: all of them. */
  readonly only?: readonly string[]
  /** Worlds at once; default 1. */
  readonly jobs?: number
  /** In the order of the answer, each as soon as those before it have ended. */
  readonly onTrial?: (trial: Trial) => void
  /** No further trial begins. */
  readonly signal?: AbortSignal
}

const eventsPerSecond = 500
const mostTries = 3

/** Each scenario first against the server as it is, then with its mutants. Refuses parts that name nothing. */
export function trialsOf(only: readonly string[]): readonly Pick<Trial, 'scenario' | 'mutant'>[] {
  const names = ({ name, scenario }: Mutant, part: string) => name.includes(part) || scenario.includes(part)
  for (const part of only)
    if (!mutants.some((mutant) => names(mutant, part))) throw new Error(`No mutant and no scenario is named "${part}".`)
  const wanted = mutants.filter((mutant) => only.length === 0 || only.some((part) => names(mutant, part)))
  return (Object.keys(scenarios) as ScenarioName[]).flatMap((scenario) => {
    const own = wanted.filter((mutant) => mutant.scenario === scenario)
    return own.length === 0 ? [] : [undefined, ...own].map((mutant) => ({ scenario, mutant }))
  })
}

export async function runMutants({
  seed,
  only = [],
  jobs = 1,
  onTrial = () => undefined,
  signal,
}: MutantsOptions): Promise<readonly Trial[]> {
  const wanted = trialsOf(only)
  const template = await makeTemplate()
  try {
    return await inOrder(
      wanted,
      jobs,
      ({ scenario, mutant }) => untilCaught(scenario, mutant, seed, join(template, 'data')),
      onTrial,
      signal,
    )
  } finally {
    await rm(template, { recursive: true, force: true })
  }
}

/** So many at once; each is told once those before it were. Answers what had ended when no more began. */
export async function inOrder<In, Out>(
  wanted: readonly In[],
  jobs: number,
  work: (one: In) => Promise<Out>,
  onEnd: (out: Out) => void,
  signal?: AbortSignal,
): Promise<readonly Out[]> {
  const ended = new Map<number, Out>()
  const told: Out[] = []
  let next = 0
  async function one(): Promise<void> {
    while (next < wanted.length && signal?.aborted !== true) {
      const mine = next
      next += 1
      ended.set(mine, await work(wanted[mine] as In))
      for (let out = ended.get(told.length); out !== undefined; out = ended.get(told.length)) {
        told.push(out)
        onEnd(out)
      }
    }
  }
  await Promise.all(Array.from({ length: jobs }, one))
  return told
}

/** The server as it is has one run: it must pass each. */
async function untilCaught(scenario: ScenarioName, mutant: Mutant | undefined, seed: number, template: string): Promise<Trial> {
  for (let tries = 1; ; tries += 1) {
    const trial = { ...(await tryOut(scenario, mutant, seed + tries - 1, template)), tries }
    if (trial.isGood || mutant === undefined || tries === mostTries) return trial
    if (trial.folder !== undefined) await rm(trial.folder, { recursive: true, force: true })
  }
}

async function tryOut(scenario: ScenarioName, mutant: Mutant | undefined, seed: number, template: string): Promise<Omit<Trial, 'tries'>> {
  const beganAt = performance.now()
  const faults: readonly Fault[] = scenarios[scenario]
  const { findings, folder } = await runScenario({
    name: mutant === undefined ? scenario : `${scenario}: ${mutant.name}`,
    seed,
    eventsPerSecond,
    template,
    faults: mutant === undefined ? faults : faults.map((fault) => seeded(fault, mutant)),
  }).then(
    ({ findings: found, struck, folder: left }) => ({ findings: [...found, ...struck.flatMap(missed)], folder: left }),
    (error: unknown) => ({ findings: [`run: ${reasonOf(error)}`], folder: undefined }),
  )
  const caughtBy = [...new Set(findings.map((finding) => finding.slice(0, finding.indexOf(':'))))]
  const isGood = mutant === undefined ? caughtBy.length === 0 : caughtBy.includes(mutant.law)
  if (isGood && folder !== undefined) await rm(folder, { recursive: true, force: true })
  return {
    scenario,
    mutant,
    caughtBy,
    said: caughtBy.map((law) => findings.find((finding) => finding.startsWith(`${law}:`)) ?? ''),
    isGood,
    seconds: (performance.now() - beganAt) / 1_000,
    ...(isGood || folder === undefined ? {} : { folder }),
  }
}

const missed = ({ fault, error }: Struck) => (error === undefined ? [] : [`strike: ${fault}: ${error}`])

/** With what it came of. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause === undefined ? message : `${message} ${reasonOf(cause)}`
}

/** A new database, made once; answers the folder that its data lie in. */
async function makeTemplate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-template-'))
  await chmod(folder, 0o711)
  const data = join(folder, 'data')
  await mkdir(data)
  const server = await startServerProcess({ dataFolder: data, logFile: join(folder, 'server.log'), port: await freePort() })
  await server[Symbol.asyncDispose]()
  return folder
}

/** What the fault preloads is kept. */
function seeded(fault: Fault, { name }: Mutant): Fault {
  const { NODE_OPTIONS = '', ...env } = fault.setting?.env ?? {}
  const options = `${preloadEnv.NODE_OPTIONS} ${NODE_OPTIONS}`.trimEnd()
  return { ...fault, setting: { ...fault.setting, env: { ...env, NODE_OPTIONS: options, SIGNALBOX_MUTANT: name } } }
}
