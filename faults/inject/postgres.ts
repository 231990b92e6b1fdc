/** The world's PostgreSQL: connections of our own to it, its sequencers' backends, and what its log says. */
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { World } from '../world/world.ts'
import { until } from './processes.ts'

/** A connection that stays open, as the owner. Its end by a fault is no fault of ours. */
export async function connect({ server }: World): Promise<pg.Client> {
  const { url } = JSON.parse(await readFile(join(server.dataFolder, 'connection.json'), 'utf8')) as { readonly url: string }
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 20_000, application_name: 'signalbox faults' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

export interface Backend {
  readonly pid: number
  readonly application_name: string
}

export const sequencerBackends = ({ database }: World): Promise<readonly Backend[]> =>
  database.query<Backend>("select pid, application_name from pg_stat_activity where application_name like 'signalbox sequencer %'")

/** A sequencer's backend at the moment when its commit is being written to disk. */
export async function committingBackend(world: World): Promise<Backend> {
  // One connection for all looks: the moment is short. It may be starting.
  const client = await until('PostgreSQL takes a connection', 20_000, () => connect(world).catch(() => undefined))
  try {
    return await until('a sequencer commits', 20_000, async () => {
      const { rows } = await client.query<Backend>(
        `select pid, application_name from pg_stat_activity where application_name like 'signalbox sequencer % log' and state = 'active'
           and wait_event in ('WALSync', 'WalSync', 'WALWrite', 'WalWrite')`,
      )
      return rows[0]
    })
  } finally {
    await client.end()
  }
}

/** What its log says from now on. Only of the embedded one. */
export async function logOf({ server }: World) {
  const file = join(server.dataFolder, 'postgres.log')
  const { size } = await stat(file)
  const since = async () => {
    const opened = await open(file)
    try {
      return (await opened.readFile()).subarray(size).toString()
    } finally {
      await opened.close()
    }
  }
  return {
    /** The first line that matches. */
    says: (pattern: RegExp, patienceMs: number): Promise<string> =>
      until(`PostgreSQL's log says ${pattern}`, patienceMs, async () => (await since()).split('\n').find((line) => pattern.test(line))),
  }
}
