/** `signalbox state`: who does what, now or at any kept moment, as a table. */

import { isObject, type Json } from '@signalbox/model/text.ts'
import type { Command } from 'commander'
import { connect, mustAnswer } from '../connect.ts'
import { type AddressOptions, addressOf, withAddress } from './options.ts'
import { counted, jsonText, say, tableOf } from './terminal.ts'

interface StateOptions extends AddressOptions {
  readonly at?: string
  readonly run?: string
  readonly json?: boolean
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
    const address = addressOf(options)
    await mustAnswer(address)
    const answer = await connect(address).get(`/v1/state?${query}`)
    say(options.json ? jsonText(answer, 2) : describeState(isObject(answer) ? answer : {}))
  })
}

const columns = {
  agents: ['id', 'role', 'status', 'task', 'run', 'events', 'lastSeenAt'],
  runs: ['id', 'state', 'events', 'agents', 'startedAt', 'lastEventAt'],
  tasks: ['id', 'state', 'assignee', 'contradicted', 'title', 'updatedAt'],
} as const

const newestBy = { agents: 'lastSeenAt', runs: 'lastEventAt', tasks: 'updatedAt' } as const

function describeState(state: Json): string {
  const blocks = (['agents', 'runs', 'tasks'] as const).map((table) => {
    const rows = (Array.isArray(state[table]) ? state[table] : []).filter(isObject)
    const newest = rows.toSorted((a, b) => String(b[newestBy[table]]).localeCompare(String(a[newestBy[table]]))).slice(0, mostRows)
    const rest = rows.length > newest.length ? `, the newest ${mostRows} (--json prints all)` : ''
    return [`${counted(rows.length, table.slice(0, -1))}${rest}`, ...tableOf(columns[table], newest)].join('\n')
  })
  return [`State at ${String(state.at)} (cursor ${String(state.cursor)})`, ...blocks].join('\n\n')
}
