/** Data folders for tests, as a server leaves one that was started once and stopped. */
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'

/** Of one run of the tests, and removed when it ends. Undefined for whoever is not part of one. */
const run = process.env.SIGNALBOX_TEST_RUN

/** Complete from the moment that it is there: of processes that make it at once one puts its own there, the others find that one. */
async function make(cluster: string): Promise<void> {
  const unfinished = await mkdtemp(`${cluster}-unfinished-`)
  const embedded = await startEmbedded({ data: unfinished, partitions: 2 }, pino({ level: 'silent' }))
  const client = new pg.Client({ connectionString: embedded.url })
  await client.connect()
  await migrate(client)
  await client.end()
  await embedded.stop()
  await rename(unfinished, cluster).catch((error) => {
    if (!existsSync(cluster)) throw error
  })
}

/**
 * A new data folder, for its owner to remove: with a PostgreSQL that was made once a run and whose database `signalbox` is migrated, since
 * to make and migrate one takes five times the processor time of a copy. Without a run it is empty.
 */
export async function newDataFolder(): Promise<string> {
  const data = await mkdtemp(join(run ?? tmpdir(), 'signalbox-data-'))
  if (run === undefined) return data
  const cluster = join(run, 'cluster')
  if (!existsSync(cluster)) await make(cluster)
  await cp(cluster, data, { recursive: true })
  return data
}
