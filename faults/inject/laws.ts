/** What has to hold of a server that only a load of ours wrote to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Database } from '../world/world.ts'
import type { Load } from './load.ts'

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')

/** Ids that were acknowledged and are not in the log. */
export async function lostOf({ acks }: Pick<Load, 'acks'>, query: Database['query']): Promise<readonly string[]> {
  // Before the log is read: what is acknowledged later has to be there later.
  const promised = [...acks]
  const stored = new Set((await query<{ id: string }>("select id from log where tenant = 'default'")).map(({ id }) => id))
  return promised.filter((id) => !stored.has(id))
}

/** What `signalbox doctor` finds bad: a broken chain, rows that are not what the log folds to. `env` names the database. */
export async function doctorOf(url: string, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const child = spawn(process.execPath, [main, 'doctor', '--json', '--url', url], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(child, 'close')
  const findings = JSON.parse(said) as readonly { readonly name: string; readonly health: string; readonly what: string }[]
  // The room on its disk is the fault's business.
  return findings.filter(({ name, health }) => health === 'bad' && name !== 'disk').map(({ name, what }) => `${name}: ${what}`)
}
