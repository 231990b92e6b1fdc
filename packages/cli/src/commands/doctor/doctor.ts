/** `signalbox doctor`: looks at everything that can be wrong, and says what to do. Also while the server runs and writes. */
import { checkDurability } from '@signalbox/server/store/checks.ts'
import { requestRebuild } from '@signalbox/server/store/rebuild.ts'
import type { Command } from 'commander'
import type { Pool } from 'pg'
import { Failure } from '../../failure.ts'
import { withDatabase } from '../database.ts'
import { type AddressOptions, addressOf, configOf, withAddress } from '../options.ts'
import { createProgress, jsonText, printable, say } from '../terminal.ts'
import { checkChain } from './chain.ts'
import { checkDisk } from './disk.ts'
import type { Finding, Progress } from './finding.ts'
import { checkFold } from './fold.ts'
import { checkProducers, checkQuarantine } from './pending.ts'
import { checkServer } from './server.ts'

interface DoctorOptions extends AddressOptions {
  readonly json?: boolean
  readonly refold?: boolean
}

export function addDoctor(program: Command) {
  const command = program
    .command('doctor')
    .description('check server, clock, database, disk; that the log is as committed, and what is shown as the log folds to')
    .option('--refold', 'if rows are not what a log in order folds to: let the next start of the server make them again')
    .option('--json', 'print the findings as JSON')
  withAddress(command).action(runDoctor)
}

async function runDoctor(options: DoctorOptions): Promise<void> {
  const config = configOf()
  const address = addressOf(options)
  const findings: Finding[] = []
  const progress = createProgress()
  const found = (finding: Finding) => {
    progress.end()
    findings.push(finding)
    if (options.json !== true) say(describe(finding))
  }

  const epoch = await checkServer(address, found)
  found(await checkDisk(config))
  try {
    await withDatabase((pool) => checkDatabase(pool, { epoch, refold: options.refold === true, progress: progress.show, found }))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    // Without DATABASE_URL it may well be that it is run on another machine than the server.
    found({ name: 'database', health: config.databaseUrl === '' ? 'unknown' : 'bad', what: error.message, todo: error.hint })
  } finally {
    progress.end()
  }

  if (options.json) say(jsonText(findings, 2))
  const bad = findings.filter(({ health }) => health === 'bad').length
  if (bad > 0) throw new Failure('incomplete', `${bad} of ${findings.length} checks found something wrong.`, 'What to do is beside each.')
}

interface DatabaseCheck {
  /** Of the running server; undefined when it told none. */
  readonly epoch: string | undefined
  readonly refold: boolean
  readonly progress: Progress
  readonly found: (finding: Finding) => void
}

async function checkDatabase(pool: Pool, { epoch, refold, progress, found }: DatabaseCheck): Promise<void> {
  for (const { name, ok, value, hint } of await checkDurability(pool)) found({ name, health: ok ? 'good' : 'bad', what: value, todo: hint })
  if (epoch !== undefined) found(await checkEpoch(pool, epoch))
  const chain = await checkChain(pool, progress)
  found(chain)
  const fold = await checkFold(pool, progress)
  found(fold)
  found(await checkProducers(pool))
  found(await checkQuarantine(pool))
  if (!refold) return
  if (chain.health !== 'good' || fold.health !== 'bad')
    return found({ name: 'refold', health: 'good', what: 'not asked for: see the two checks above' })
  await requestRebuild(pool)
  found({
    name: 'refold',
    health: 'note',
    what: 'asked for',
    todo: 'Restart the server: it makes the rows again from the log before it serves.',
  })
}

async function checkEpoch(pool: Pool, serving: string): Promise<Finding> {
  const name = 'epoch'
  const { rows } = await pool.query<{ epoch: string }>('select epoch from meta')
  const kept = rows[0]?.epoch
  if (kept === serving) return { name, health: 'good', what: `${serving}: the server serves the log of this database` }
  return {
    name,
    health: 'bad',
    what: `the server serves epoch ${serving}, this database is of epoch ${kept ?? 'none'}`,
    todo: 'After "signalbox epoch": restart the server. Otherwise this is another database than the server’s: set DATABASE_URL or SIGNALBOX_DATA as the server has it.',
  }
}

const marks = { good: 'ok  ', note: 'note', bad: 'BAD ', unknown: '?   ' } as const satisfies Record<Finding['health'], string>
const nameChars = 20
const indent = ' '.repeat(marks.good.length + nameChars + 2)

function describe({ health, name, what, todo }: Finding): string {
  const line = `${marks[health]} ${name.padEnd(nameChars)} ${printable(what)}`
  return health === 'good' || todo === undefined ? line : `${line}\n${indent}→ ${printable(todo)}`
}
