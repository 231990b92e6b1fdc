/** An external PostgreSQL for a server on the other end of a cable: the embedded one, that listens at our end as well. */
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog } from '@signalbox/server/ops/log.ts'
import { startEmbedded } from '@signalbox/server/store/embedded.ts'
import { type RunAs, runAs } from '@signalbox/server/store/run-as.ts'
import pg from 'pg'
import type { Cable } from '../../world/world.ts'

export interface DatabaseAt extends AsyncDisposable {
  /** For the server. On this side it is found as ever, in the data folder's `connection.json`. */
  readonly url: string
}

export async function startDatabaseAt(dataFolder: string, partitions: number, { ours, theirs }: Cable): Promise<DatabaseAt> {
  const usual = runAs()
  const runner: RunAs = {
    ...usual,
    spawn: (command, args, options) =>
      // The last of two settings holds.
      usual.spawn(command, args.includes('-p') ? [...args, '-c', `listen_addresses=127.0.0.1,${ours}`] : args, options),
  }
  const embedded = await startEmbedded({ data: dataFolder, partitions }, createLog('silent'), runner)
  try {
    await appendFile(join(dataFolder, 'postgres/pg_hba.conf'), `host all all ${theirs}/32 scram-sha-256\n`)
    const client = new pg.Client({ connectionString: embedded.url })
    await client.connect()
    await client.query('select pg_reload_conf()')
    await client.end()
  } catch (error) {
    await embedded.stop()
    throw error
  }
  const url = new URL(embedded.url)
  url.hostname = ours
  return { url: url.href, [Symbol.asyncDispose]: () => embedded.stop() }
}
