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
  /** Part of a mutant's name, or of a scenario's; default: all of them. */
  readonly only?: string
  readonly onTrial?: (trial: Trial) => void
  /** No further trial begins. */
  readonly signal?: AbortSignal
}

const eventsPerSecond = 500
const mostTries = 3

export async function runMutants({ seed, only = '', onTrial = () => undefined, signal }: MutantsOptions): Promise<readonly Trial[]> {
  const wanted = mutants.filter(({ name, scenario }) => name.includes(only) || scenario.includes(only))
  const trials: Trial[] = []
  const template = await makeTemplate()
  try {
    for (const scenario of Object.keys(scenarios) as ScenarioName[]) {
      const own = wanted.filter((mutant) => mutant.scenario === scenario)
      if (own.length === 0) continue
      for (const mutant of [undefined, ...own]) {
        if (signal?.aborted === true) return trials
        const trial = await untilCaught(scenario, mutant, seed, join(template, 'data'))
        trials.push(trial)
        onTrial(trial)
      }
    }
  } finally {
    await rm(template, { recursive: true, force: true })
  }
  return trials
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

const seeded = (fault: Fault, { name }: Mutant): Fault => ({
  ...fault,
  setting: { ...fault.setting, env: { ...preloadEnv, ...fault.setting?.env, SIGNALBOX_MUTANT: name } },
})
