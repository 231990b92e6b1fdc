/**
 * `npm run faults`: every fault that this box allows strikes a Signalbox under load, and the history of it is judged by laws.
 * Exits with 1 where a law is broken or a scenario does not count. Writes its part of faults/RESULTS.md with `--write`.
 */
import { parseArgs } from 'node:util'
import { allPoints } from './failpoints/arm.ts'
import { printMutants, trialsTable } from './mutants/table.ts'
import { type Plan, planOf, type Scenario } from './plan.ts'
import { isGood, pointsIn, scenarioText, summaryOf, tableOf } from './report.ts'
import { machineOf, writeResults } from './results.ts'
import { seriesOf } from './series.ts'
import { runSeeds, seedsText } from './simulation/seeds.ts'
import { type Progress, runScenario, type ScenarioResult } from './world/run.ts'

const usage = `npm run faults -- [options]
  --only <name>      only faults whose name has this in it; as often as wanted
  --seed <number>    the same numbers for the same seed; default: of the clock
  --rate <number>    events a second, default 1000
  --soak             round after round, each with the next seed, until --hours are over or a round finds something
  --hours <number>   default 1
  --kills <number>   instead: so many ends by kill -9, one after the other, of the server and of PostgreSQL; each history opens with a rival
  --cuts <number>    instead: so many power cuts, one after the other; each history opens with a rival
  --mutants          seeded bugs instead of faults: each has to be caught by its law; --only names mutants and their scenarios, as often as wanted
  --jobs <number>    worlds at once, default 1
  --simulate         no server, no box: the core on virtual time, --seeds <number> seeds (default 1) from --seed on
  --keep             leave each folder: history, the server's log, its data
  --write            write this run's part of faults/RESULTS.md`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    soak: { type: 'boolean', default: false },
    hours: { type: 'string', default: '1' },
    kills: { type: 'string' },
    cuts: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    simulate: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const msPerHour = 3_600_000
const firstSeed = Number(values.seed ?? Math.trunc(Date.now() / 1_000) % 1_000_000)
const endsAt = Date.now() + Number(values.hours) * msPerHour
if (values.mutants) {
  const trials = await printMutants({ seed: firstSeed, only: values.only, jobs: Number(values.jobs) }, console.log)
  if (values.write) await writeResults('Seeded bugs', `${machineOf(firstSeed)}\n\n${trialsTable(trials)}`)
  process.exit(trials.length > 0 && trials.every(({ isGood }) => isGood) ? 0 : 1)
}
if (values.simulate) {
  const result = await runSeeds({ first: firstSeed, count: Number(values.seeds), onLine: console.log })
  console.log(seedsText(result))
  process.exit(result.failed.length === 0 ? 0 : 1)
}
const series = values.kills !== undefined ? 'kills' : values.cuts !== undefined ? 'cuts' : undefined
const { scenarios, notRun }: Plan =
  series === undefined ? planOf(values.only, values.soak) : { scenarios: seriesOf(series, Number(values.kills ?? values.cuts)), notRun: [] }
const results: ScenarioResult[] = []
const brokenOff: string[] = []
const stop = new AbortController()
process.once('SIGINT', () => {
  console.log('\nNo further fault strikes; what struck is judged. Again: stop at once.')
  stop.abort()
  process.once('SIGINT', () => process.exit(130))
})

const onProgress = ({ name, seconds, acknowledged, struck, now }: Progress) =>
  console.log(
    `${seconds.toFixed(0).padStart(5)} s  ${acknowledged.toLocaleString('en').padStart(9)} acknowledged  ${name}: ${struck} faults, then ${now}`,
  )

console.log(`${scenarios.length} scenarios, seed ${firstSeed}.`)
for (const { fault, why } of notRun) console.log(`not run: ${fault} (${why})`)
let seed = firstSeed
async function runOne(scenario: Scenario, ofSeed: number): Promise<void> {
  try {
    const rate = Number(values.rate)
    const { signal } = stop
    const result = await runScenario({ eventsPerSecond: rate, ...scenario, seed: ofSeed, keep: values.keep, onProgress, signal })
    results.push(result)
    console.log(scenarioText(result))
  } catch (error) {
    const { message, cause } = error as Error
    brokenOff.push(`${message} ${cause instanceof Error ? cause.message : ''}`)
    console.log(brokenOff.at(-1))
  }
}
do {
  const left = [...scenarios]
  await Promise.all(
    Array.from({ length: Number(values.jobs) }, async () => {
      for (let next = left.shift(); next !== undefined && !stop.signal.aborted; next = left.shift()) {
        // The parts of a series are one run: no two of them draw the same numbers.
        if (series !== undefined) seed += 1
        await runOne(next, seed)
      }
    }),
  )
  seed += 1
} while (values.soak && Date.now() < endsAt && !stop.signal.aborted && brokenOff.length === 0 && results.every(isGood))

// Of all faults together, whatever each of them brings about.
if (series === undefined && values.only.length === 0)
  for (const sight of ['ambiguous-ack', 'fence-rejection'] as const)
    if (results.every(({ seen }) => seen[sight] === 0)) brokenOff.push(`The run does not count: no ${sight} was seen.`)
const points = pointsIn(results)
const text = [
  machineOf(firstSeed),
  '',
  tableOf(results, notRun),
  '',
  ...(points.size === 0 ? [] : [`${points.size} of ${(await allPoints()).length} fail points were struck.`, '']),
  ...results.filter((result) => !isGood(result)).map((result) => scenarioText(result)),
  ...brokenOff,
  summaryOf(results, series),
].join('\n')
console.log(`\n${text}`)
if (values.write) await writeResults({ kills: 'Kills', cuts: 'Power cuts', faults: 'Faults' }[series ?? 'faults'], text)
process.exit(brokenOff.length === 0 && results.length > 0 && results.every(isGood) ? 0 : 1)
