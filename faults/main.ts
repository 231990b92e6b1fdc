/**
 * `npm run faults`: every fault that this box allows strikes a Signalbox under load, and the history of it is judged by laws.
 * Exits with 1 where a law is broken or a scenario does not count. Writes faults/RESULTS.md with `--write`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printMutants } from './mutants/table.ts'
import { planOf } from './plan.ts'
import { isGood, scenarioText, summaryOf, tableOf } from './report.ts'
import { runSeeds, seedsText } from './simulation/seeds.ts'
import { type Progress, runScenario, type ScenarioResult } from './world/run.ts'

const usage = `npm run faults -- [options]
  --only <name>      only faults whose name has this in it; as often as wanted
  --seed <number>    the same numbers for the same seed; default: of the clock
  --rate <number>    events a second, default 1000
  --soak             round after round, each with the next seed, until --hours are over or a round finds something
  --hours <number>   default 1
  --mutants          seeded bugs instead of faults: each has to be caught by its law; --only names mutants and their scenarios
  --simulate         no server, no box: the core on virtual time, --seeds <number> seeds (default 1) from --seed on
  --keep             leave each folder: history, the server's log, its data
  --write            write faults/RESULTS.md`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    soak: { type: 'boolean', default: false },
    hours: { type: 'string', default: '1' },
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
  const only = values.only[0]
  process.exit((await printMutants({ seed: firstSeed, ...(only === undefined ? {} : { only }) }, console.log)) ? 0 : 1)
}
if (values.simulate) {
  const result = await runSeeds({ first: firstSeed, count: Number(values.seeds), onLine: console.log })
  console.log(seedsText(result))
  process.exit(result.failed.length === 0 ? 0 : 1)
}
const plan = planOf(values.only)
const results: ScenarioResult[] = []
const brokenOff: string[] = []
const stop = new AbortController()
process.once('SIGINT', () => {
  console.log('\nNo further fault strikes; what struck is judged. Again: stop at once.')
  stop.abort()
  process.once('SIGINT', () => process.exit(130))
})

const onProgress = ({ name, seconds, acknowledged, now }: Progress) =>
  console.log(`${seconds.toFixed(0).padStart(5)} s  ${acknowledged.toLocaleString('en').padStart(9)} acknowledged  ${name}: ${now}`)

console.log(`${plan.scenarios.length} scenarios, seed ${firstSeed}.`)
for (const { fault, why } of plan.notRun) console.log(`not run: ${fault} (${why})`)
let seed = firstSeed
do {
  for (const { name, faults } of plan.scenarios) {
    if (stop.signal.aborted) break
    try {
      const eventsPerSecond = Number(values.rate)
      const result = await runScenario({ name, seed, faults, eventsPerSecond, keep: values.keep, onProgress, signal: stop.signal })
      results.push(result)
      console.log(scenarioText(result))
    } catch (error) {
      const { message, cause } = error as Error
      brokenOff.push(`${message} ${cause instanceof Error ? cause.message : ''}`)
      console.log(brokenOff.at(-1))
    }
  }
  seed += 1
} while (values.soak && Date.now() < endsAt && !stop.signal.aborted && brokenOff.length === 0 && results.every(isGood))

// Of all faults together, whatever each of them brings about.
if (values.only.length === 0)
  for (const sight of ['ambiguous-ack', 'fence-rejection'] as const)
    if (results.every(({ seen }) => seen[sight] === 0)) brokenOff.push(`The run does not count: no ${sight} was seen.`)
const machine = `Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}; seed ${firstSeed}.`
const text = [
  machine,
  '',
  tableOf(results, plan.notRun),
  '',
  ...results.map((result) => scenarioText(result)),
  ...brokenOff,
  '',
  summaryOf(results),
].join('\n')
console.log(`\n${text}`)
if (values.write) {
  const file = join(import.meta.dirname, 'RESULTS.md')
  // What people wrote below stays.
  const notes = (await readFile(file, 'utf8').catch(() => '')).split('\n## Notes\n')[1] ?? '\n'
  await writeFile(file, `# Results\n\nWritten by \`npm run faults -- --write\`.\n\n${text}\n\n## Notes\n${notes}`)
}
process.exit(brokenOff.length === 0 && results.length > 0 && results.every(isGood) ? 0 : 1)
