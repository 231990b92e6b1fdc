/**
 * `npm run bench`: everything beside its reference, in one run on one machine.
 *
 * `-- --only=ingest,doors` some sections, `--all` also the long ones, `--seconds=8 --rounds=3`, `--write` into bench/RESULTS.md, with the raw
 * figures in bench/history/. `--sizes=1,10` of histories in millions of events, kept for the next run in `--data=<folder>`. `--minutes=5` of
 * full load in `soak`, which wants 7 GB of free disk a minute.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { type Bench, type Row, type Section, type Server, serve, untilWalIsMade, withData } from './harness.ts'
import { section as acks } from './sections/acks.ts'
import { section as blocked } from './sections/blocked.ts'
import { section as churn } from './sections/churn.ts'
import { section as claimsCodecs } from './sections/claims-codecs.ts'
import { section as claimsLive } from './sections/claims-live.ts'
import { section as claimsMany } from './sections/claims-many.ts'
import { section as deliveries } from './sections/deliveries.ts'
import { section as doors } from './sections/doors.ts'
import { section as explore } from './sections/explore.ts'
import { section as history } from './sections/history.ts'
import { section as idle } from './sections/idle.ts'
import { section as ingest } from './sections/ingest.ts'
import { section as seek } from './sections/seek.ts'
import { section as singles } from './sections/singles.ts'
import { section as soak } from './sections/soak.ts'
import { section as wire } from './sections/wire.ts'

const sections: readonly Section[] = [
  ingest,
  singles,
  acks,
  wire,
  deliveries,
  doors,
  churn,
  explore,
  seek,
  history,
  blocked,
  idle,
  soak,
  claimsCodecs,
  claimsLive,
  claimsMany,
]

const said = (name: string) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
const has = (name: string) => process.argv.includes(`--${name}`)
const only = said('only')?.split(',')
const unknown = only?.filter((name) => !sections.some((section) => section.name === name)) ?? []
if (unknown.length > 0) throw new Error(`No section ${unknown.join(', ')}; there are ${sections.map(({ name }) => name).join(', ')}.`)
const seconds = Number(said('seconds') ?? 8)
const rounds = Number(said('rounds') ?? 3)

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.version}`
const at = new Date().toISOString()
const rows: Row[] = []
const samples: Record<string, number[]> = {}

const lineOf = ({ what, figure, beside = '', wanted = '' }: Row) => `| ${what} | ${figure} | ${beside} | ${wanted} |`

/** Measures one section with servers of its own, and ends them. */
const run = (section: Section) =>
  withData(async (data) => {
    const servers: Server[] = []
    const bench: Bench = {
      seconds,
      rounds,
      option: said,
      async serve(env) {
        const server = await serve(join(data, String(servers.length)), env)
        servers.push(server)
        await untilWalIsMade(server)
        return server
      },
      row(row) {
        rows.push(row)
        console.log(lineOf(row))
      },
      sample(name, value) {
        samples[name] = [...(samples[name] ?? []), value]
      },
      tell: (text) => console.error(`  ${section.name}: ${text}`),
    }
    try {
      await section.measure(bench)
    } finally {
      for (const server of servers) await server.stop()
    }
  })

console.log(`Machine: ${machine}; ${at.slice(0, 10)}.\n`)
for (const section of sections)
  if (only === undefined ? has('all') || section.long !== true : only.includes(section.name)) await run(section)

if (has('write')) {
  const table = [
    `Machine: ${machine}; ${at.slice(0, 10)}.`,
    `Rates and latencies: medians of ${rounds} rounds of ${seconds} s in one run; generators and subscribers in other processes on the same cores.`,
    '',
    '| what | figure | beside its reference | wanted |',
    '| --- | --- | --- | --- |',
    ...rows.map(lineOf),
  ]
  const file = join(import.meta.dirname, 'RESULTS.md')
  // What people wrote below the figures stays.
  const notes = (await readFile(file, 'utf8').catch(() => '')).split('\n## Notes\n')[1] ?? '\n'
  await writeFile(file, `# Results\n\nWritten by \`npm run bench -- --write\`.\n\n${table.join('\n')}\n\n## Notes\n${notes}`)
  const history = join(import.meta.dirname, 'history')
  await mkdir(history, { recursive: true })
  await writeFile(join(history, `${at.slice(0, 16).replace(':', '')}.json`), `${JSON.stringify({ machine, at, rows, samples }, null, 2)}\n`)
}
