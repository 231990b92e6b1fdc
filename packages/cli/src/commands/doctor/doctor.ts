/** `signalbox doctor`: looks at everything that can be wrong, and says what to do. */
import { statfs } from 'node:fs/promises'
import { readConfig } from '@signalbox/server/config.ts'
import { checkDurability } from '@signalbox/server/store/checks.ts'
import type { Command } from 'commander'
import { connect, type Server } from '../../connect.ts'
import { Failure } from '../../failure.ts'
import { withDatabase } from '../database.ts'
import { addressOf, say, withAddress } from '../options.ts'
import { checkChain } from './chain.ts'
import type { Finding } from './finding.ts'
import { checkFold } from './fold.ts'

const dayMs = 86_400_000
const clockOffMs = 2_000
const leastDiskBytes = 1024 ** 3

export function addDoctor(program: Command) {
  const command = program
    .command('doctor')
    .description('check server, clock, database, disk; that the log is as committed, and what is shown as the log folds to')
  withAddress(command.option('--json', 'print the findings as JSON')).action(
    async (options: { url: string; key?: string; json?: boolean }) => {
      const server = connect(addressOf(options))
      const findings = [await serving(server)]
      if (findings[0]?.health === 'good') findings.push(await clock(server.url))
      findings.push(...(await database()), await disk())
      say(options.json ? JSON.stringify(findings, null, 2) : findings.map(describe).join('\n'))
      const bad = findings.filter((finding) => finding.health === 'bad').length
      if (bad > 0)
        throw new Failure('incomplete', `${bad} of ${findings.length} checks found something wrong.`, 'What to do is beside each.')
    },
  )
}

const marks = { good: 'ok  ', bad: 'BAD ', unknown: '?   ' } as const
const describe = ({ health, name, what, todo }: Finding) =>
  `${marks[health]} ${name.padEnd(20)} ${what}${health === 'good' || todo === undefined ? '' : `\n     ${''.padEnd(20)} → ${todo}`}`

async function serving(server: Server): Promise<Finding> {
  const name = 'server'
  try {
    await server.get('/readyz')
    return { name, health: 'good', what: `${server.url} stores an event and reads it back` }
  } catch (error) {
    const failure = error instanceof Failure ? error : undefined
    return {
      name,
      health: 'bad',
      what: failure?.message ?? String(error),
      todo: failure?.exitCode === 3 ? failure.hint : 'See the server’s log: its store may be slow or gone.',
    }
  }
}

async function clock(url: string): Promise<Finding> {
  const name = 'clock'
  const before = Date.now()
  const answer = await fetch(`${url}/livez`).catch(() => undefined)
  await answer?.body?.cancel()
  const date = Date.parse(answer?.headers.get('date') ?? '')
  if (Number.isNaN(date)) return { name, health: 'unknown', what: 'the server tells no time' }
  // The header has whole seconds, cut down.
  const offMs = Math.max(0, before - 1_000 - date, date - Date.now())
  return offMs <= clockOffMs
    ? { name, health: 'good', what: 'this machine and the server agree' }
    : {
        name,
        health: 'bad',
        what: `this machine and the server differ by ${Math.round(offMs / 1_000)} s`,
        todo: 'Turn on time synchronisation: events from the future are refused after five minutes.',
      }
}

async function database(): Promise<Finding[]> {
  try {
    return await withDatabase(async (pool) => {
      const settings = (await checkDurability(pool)).map(
        ({ name, ok, value, hint }): Finding => ({ name, health: ok ? 'good' : 'bad', what: value, todo: hint }),
      )
      const retainedFrom = Date.now() - readConfig(process.env).retentionDays * dayMs
      const progress = (text: string) => void process.stderr.write(`     ${text}\n`)
      return [...settings, await checkChain(pool, retainedFrom), await checkFold(pool, { progress })]
    })
  } catch (error) {
    const failure = error instanceof Failure ? error : undefined
    return [{ name: 'database', health: 'unknown', what: failure?.message ?? String(error), todo: failure?.hint ?? 'Check DATABASE_URL.' }]
  }
}

async function disk(): Promise<Finding> {
  const name = 'disk'
  const { data, databaseUrl } = readConfig(process.env)
  if (databaseUrl !== '') return { name, health: 'unknown', what: 'the database is elsewhere; look at its disk there' }
  const found = await statfs(data).catch(() => undefined)
  if (found === undefined)
    return {
      name,
      health: 'unknown',
      what: `there is no folder ${data} here`,
      todo: 'Run it where the server runs, or set SIGNALBOX_DATA.',
    }
  const freeBytes = found.bavail * found.bsize
  const what = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free for ${data}`
  return freeBytes >= leastDiskBytes
    ? { name, health: 'good', what }
    : { name, health: 'bad', what, todo: 'Free some space, or lower SIGNALBOX_RETENTION_DAYS.' }
}
