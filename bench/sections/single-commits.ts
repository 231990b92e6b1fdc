/** The reference of single events and of acknowledgements: one row a transaction into a table like the log, on the same database. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createIdSource } from '@signalbox/model/ids.ts'
import pg from 'pg'
import { createFleet } from '../fleet.ts'
import { child, type Server } from '../harness.ts'

/** Left to the server and to who looks. */
const spareConnections = 6

const [sample] = createFleet(createIdSource(Date.now), 0)(1)
// A space after each colon: pgbench takes `:name` for a variable of its own.
const data = JSON.stringify(sample?.data).replaceAll('":', '": ')
const statement = `insert into single_commits (position, time, received_at, id, partition, tenant, source, type, run, agent, data)
  values (floor(random() * 1e9), 1767268800000, 1767268800001, uuidv7(), 99, 'bench', '${sample?.source}', '${sample?.type}', '${sample?.run}', '${sample?.agent}', '${data}');`

export interface SingleCommits {
  /** Commits a second of as many connections as the database has room for, at most `most`. */
  perSecond(seconds: number, most: number): Promise<{ readonly perSecond: number; readonly connections: number; readonly by: string }>
  /** Milliseconds of each commit of one connection, one after the other, with a pause between them. */
  delays(seconds: number, pauseMs?: number): Promise<number[]>
  end(): Promise<void>
}

export async function openSingleCommits(server: Server): Promise<SingleCommits> {
  const database = await server.database()
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  await client.query('create table single_commits (like log including indexes)')
  const script = join(server.data, 'single-commits.sql')
  await writeFile(script, statement.replaceAll('\n', ' '))

  async function pgbench(seconds: number, connections: number): Promise<number | undefined> {
    const args = ['-n', '-M', 'prepared', '-c', `${connections}`, '-T', `${seconds}`, '-f', script, database]
    const run = spawn('pgbench', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    run.stdout.on('data', (chunk) => {
      said += chunk
    })
    const ended = await once(run, 'close').catch(() => undefined)
    const found = /tps = ([\d.]+)/.exec(said)
    return ended === undefined || found === null ? undefined : Number(found[1])
  }

  return {
    async perSecond(seconds, most) {
      const { rows } = await client.query<{ free: string }>(
        "select current_setting('max_connections')::int - count(*) as free from pg_stat_activity where backend_type = 'client backend'",
      )
      const connections = Math.min(most, Number(rows[0]?.free) - spareConnections)
      const measured = await pgbench(seconds, connections)
      if (measured !== undefined) return { perSecond: measured, connections, by: 'pgbench' }
      const run = child('generators/commits.ts', [database, `${seconds}`, `${connections}`, statement])
      return { perSecond: Number(await run.line()), connections, by: 'pg' }
    },
    async delays(seconds, pauseMs = 0) {
      const found: number[] = []
      const until = performance.now() + seconds * 1_000
      for (let startedAt = performance.now(); startedAt < until; startedAt = performance.now()) {
        await client.query({ name: 'insert', text: statement })
        found.push(performance.now() - startedAt)
        if (pauseMs > 0) await new Promise((resume) => setTimeout(resume, pauseMs))
      }
      return found
    },
    async end() {
      await client.query('drop table single_commits')
      await client.end()
      await rm(script)
    },
  }
}
