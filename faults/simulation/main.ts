/** `node faults/simulation/main.ts`: as `npm run faults -- --simulate`, and for whoever looks into one seed. */
import { parseArgs } from 'node:util'
import { type Bug, bugs } from './bugs.ts'
import { runSeeds, seedsText } from './seeds.ts'
import { simulate } from './simulation.ts'

const usage = `node faults/simulation/main.ts [options]
  --seed <number>   the first, default 1
  --seeds <number>  how many, default 1
  --bug <name>      puts one in (${Object.keys(bugs).join(', ')}) and stops at the seed that finds it
  --log             one seed: what happened, and everything that was found
  --history         one seed: what was told, as JSON lines`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    bug: { type: 'string', multiple: true, default: [] },
    log: { type: 'boolean', default: false },
    history: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const put = values.bug.filter((bug): bug is Bug => bug in bugs)
if (values.help || put.length < values.bug.length) {
  console.log(usage)
  process.exit(values.help ? 0 : 2)
}
const first = Number(values.seed)
if (values.log || values.history) {
  const { history, findings } = await simulate({ seed: first, bugs: put, ...(values.log ? { onSay: console.log } : {}) })
  if (values.history) for (const entry of history) console.log(JSON.stringify(entry))
  for (const finding of findings) console.log(finding)
  process.exit(findings.length === 0 ? 0 : 1)
}
const result = await runSeeds({
  first,
  count: Number(values.seeds),
  bugs: put,
  stopsAtFirst: values.stop || put.length > 0,
  onLine: console.log,
})
console.log(seedsText(result))
process.exit(result.failed.length === 0 ? 0 : 1)
