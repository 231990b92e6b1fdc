/**
 * `node faults/fuzz/main.ts [--seconds 60] [--seed N] [--only name]`: tries every parser, every route, and the same events in many ways,
 * for as long, in equal shares. Prints what the inputs became, and for what broke the seed and the smallest input, as text and in base64.
 * Exits with 1 when something broke.
 */
import { parseArgs } from 'node:util'
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { guarded } from './guard.ts'
import { type Found, servers } from './servers.ts'
import { targets } from './targets.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, only: { type: 'string', default: '' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const isChosen = (name: string) => name.includes(values.only)
const names = [...targets.map(({ name }) => name), ...Object.keys(servers)].filter(isChosen)
const msEach = (Number(values.seconds) * 1_000) / names.length

/** A thread each: one that dies ends no other. */
async function parser(name: string): Promise<Found> {
  const [found] = await guarded({ targets: [name], seed, inputs: Number.MAX_SAFE_INTEGER, msEach })
  const { tried = 0, outcomes = new Map<string, number>(), breaches = [] } = found ?? {}
  const never = targets.find((target) => target.name === name)?.expects.filter((outcome) => !outcomes.has(outcome)) ?? []
  return {
    tried,
    became: [
      ...[...outcomes].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${count.toLocaleString('en')} ${outcome}`),
      ...never.map((outcome) => `none ${outcome}`),
    ],
    broken: breaches.map(({ why, input }) => {
      const bytes = Buffer.from(input)
      return `${why}\n    ${JSON.stringify(bytes.toString('latin1')).slice(0, 1_000)}\n    base64 ${bytes.toString('base64').slice(0, 4_000)}`
    }),
  }
}

let tried = 0
let broken = 0
for (const name of names) {
  const found = await (servers[name]?.(seed, Date.now() + msEach) ?? parser(name))
  tried += found.tried
  broken += found.broken.length
  console.log(`${name}: ${found.tried.toLocaleString('en')} tried. ${found.became.join(', ')}`)
  for (const what of found.broken) console.log(`  BROKEN with --seed ${seed} --only ${name}: ${what}`)
}
await stopDatabases()
console.log(`${tried.toLocaleString('en')} tried, ${broken} broke a promise.`)
process.exit(broken === 0 ? 0 : 1)
