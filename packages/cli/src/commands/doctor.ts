/** `signalbox doctor`: looks at everything that can be wrong, and says what to do. */
import { statfs } from 'node:fs/promises'
import { readConfig } from '@signalbox/server/config.ts'
import { checkDurability } from '@signalbox/server/store/checks.ts'
import type { Command } from 'commander'
import { connect, type Server } from '../connect.ts'
import { Failure } from '../failure.ts'
import { isObject, type Json } from '../import/text.ts'
import { withDatabase } from './database.ts'
import { addressOf, say, whole, withAddress } from './options.ts'
import { pageOf } from './replay.ts'

export interface Finding {
  readonly name: string
  /** `unknown`: it could not be looked at. */
  readonly health: 'good' | 'bad' | 'unknown'
  readonly what: string
  readonly todo?: string
}

const clockOffMs = 2_000
const leastDiskBytes = 1024 ** 3

export function addDoctor(program: Command) {
  const command = program.command('doctor').description('check server, database, clock, disk, and that the log folds to what is shown')
  withAddress(command.option('--json', 'print the findings as JSON')).action(
    async (options: { url: string; key?: string; json?: boolean }) => {
      const server = connect(addressOf(options))
      const findings = [await serving(server)]
      if (findings[0]?.health === 'good') findings.push(await folded(server), await clock(server.url))
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

/** The fold of the log must be what the tables show. Both are read at one cursor; while the log moves it is tried again. */
export async function folded(server: Server, tries = 3): Promise<Finding> {
  const name = 'fold(log)=projection'
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const state = await server.get('/v1/state').catch((error: unknown) => error)
    if (!isObject(state) || state instanceof Error)
      return {
        name,
        health: 'unknown',
        what: `the state cannot be read: ${String(state)}`,
        todo: 'Give a key with the scope read (--key).',
      }
    const shown = { agents: await list(server, 'agents'), runs: await list(server, 'runs'), tasks: await list(server, 'tasks') }
    const after = await server.get('/v1/poll?feed=events')
    if (isObject(after) && after.cursor !== state.cursor) continue
    const different = (['agents', 'runs', 'tasks'] as const).flatMap((table) => differences(table, rowsOf(state[table]), shown[table]))
    const count = shown.agents.length + shown.runs.length + shown.tasks.length
    if (different.length === 0) return { name, health: 'good', what: `${whole(count)} rows are what the log folds to` }
    return {
      name,
      health: 'bad',
      what: `${whole(different.length)} rows differ, for example ${different.slice(0, 3).join(', ')}`,
      todo: 'Events may have left with the retention; otherwise please report it with these names.',
    }
  }
  return { name, health: 'unknown', what: 'the log moved while it was read', todo: 'Try again when fewer events come in.' }
}

const rowsOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

async function list(server: Server, table: string): Promise<Json[]> {
  const all: Json[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = pageOf(await server.get(`/v1/${table}?limit=1000${more}`))
    all.push(...page.items)
    cursor = page.next
  }
  return all
}

function differences(table: string, folded: readonly Json[], shown: readonly Json[]): string[] {
  const keyOf = (row: Json) => (table === 'tasks' ? `${String(row.run)} ${String(row.id)}` : String(row.id))
  const want = new Map(folded.map((row) => [keyOf(row), canonical(row)]))
  const have = new Map(shown.map((row) => [keyOf(row), canonical(row)]))
  return [...new Set([...want.keys(), ...have.keys()])].filter((key) => want.get(key) !== have.get(key)).map((key) => `${table} ${key}`)
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )

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
    const checks = await withDatabase((pool) => checkDurability(pool))
    return checks.map(({ name, ok, value, hint }) => ({ name, health: ok ? 'good' : 'bad', what: value, todo: hint }))
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
