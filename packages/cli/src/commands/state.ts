/** `signalbox state`: who does what, now or at any kept moment, as a table. */
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { isObject, type Json } from '../import/text.ts'
import { addressOf, say, whole, withAddress } from './options.ts'

interface StateOptions {
  readonly at?: string
  readonly run?: string
  readonly json?: boolean
  readonly url: string
  readonly key?: string
}

const mostRows = 50

export function addState(program: Command) {
  const command = program
    .command('state')
    .description('print agents, runs and tasks, now or at a moment; rebuilt from the log')
    .option('--at <moment>', 'a time (RFC 3339) or a cursor')
    .option('--run <id>', 'only this run')
    .option('--json', 'print all of it as JSON')
  withAddress(command).action(async (options: StateOptions) => {
    const query = new URLSearchParams()
    if (options.at !== undefined) query.set('at', options.at)
    if (options.run !== undefined) query.set('run', options.run)
    const answer = await connect(addressOf(options)).get(`/v1/state?${query}`)
    say(options.json ? JSON.stringify(answer, null, 2) : describeState(isObject(answer) ? answer : {}))
  })
}

const columns = {
  agents: ['id', 'role', 'status', 'task', 'run', 'events', 'lastSeenAt'],
  runs: ['id', 'state', 'events', 'agents', 'startedAt', 'lastEventAt'],
  tasks: ['id', 'state', 'assignee', 'contradicted', 'title', 'updatedAt'],
} as const

const newestBy = { agents: 'lastSeenAt', runs: 'lastEventAt', tasks: 'updatedAt' } as const

export function describeState(state: Json): string {
  const blocks = (['agents', 'runs', 'tasks'] as const).map((table) => {
    const rows = (Array.isArray(state[table]) ? state[table] : []).filter(isObject)
    const newest = rows.toSorted((a, b) => String(b[newestBy[table]]).localeCompare(String(a[newestBy[table]]))).slice(0, mostRows)
    const rest = rows.length > newest.length ? `, the newest ${mostRows}` : ''
    return [`${whole(rows.length)} ${table}${rest}`, ...tableOf(columns[table], newest)].join('\n')
  })
  return [`State at ${String(state.at)}`, ...blocks].join('\n\n')
}

export function tableOf(names: readonly string[], rows: readonly Json[]): string[] {
  if (rows.length === 0) return []
  const cells = [names.map((name) => name.toUpperCase()), ...rows.map((row) => names.map((name) => cell(row[name])))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  return cells.map((line) => `  ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

/** What agents wrote must not drive the terminal. */
function cell(value: unknown): string {
  if (Array.isArray(value)) return String(value.length)
  const text = value === undefined || value === null ? '-' : String(value).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
