/**
 * The database for commands that work on it directly: the given one, or the embedded one of a data folder. One that is not running is
 * started for as long as the command needs it, so that a first key, or a new epoch after a restore, is there before the server is.
 */
import { realpathSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseObject, stringOf } from '@signalbox/model/text.ts'
import type { Config } from '@signalbox/server/config.ts'
import { createLog } from '@signalbox/server/ops/log.ts'
import { startEmbedded } from '@signalbox/server/store/embedded.ts'
import pg from 'pg'
import { Failure } from '../failure.ts'
import { configOf, onStop } from './options.ts'
import { note } from './terminal.ts'

/** A database that is there answers at once, but for a machine that is very busy. */
const connectWithinMs = 15_000
/** What PostgreSQL says of a table, column or procedure that is not there. */
const unknownNames = new Set(['42P01', '42703', '42883'])

export async function withDatabase<T>(use: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const config = configOf()
  if (config.databaseUrl !== '') return withPool(config.databaseUrl, use, 'Check DATABASE_URL.')
  const running = await urlOfRunning(config)
  if (running !== undefined) return withPool(running, use, `See ${join(config.data, 'postgres.log')}.`)
  if (!(await isThere(join(config.data, 'postgres', 'PG_VERSION'))))
    throw new Failure(
      'unreachable',
      `There is no database in ${resolve(config.data)}.`,
      'A server makes it at its first start: "npm start". If it is elsewhere, set SIGNALBOX_DATA or DATABASE_URL.',
    )
  note(`the database of ${resolve(config.data)} is not running; starting it for this command`)
  // Ended by a signal the process would leave it behind.
  onStop(() => process.exit(1))
  const embedded = await startEmbedded(config, createLog('silent')).catch((cause: unknown) => {
    throw new Failure('unreachable', cause instanceof Error ? cause.message : String(cause), `See ${join(config.data, 'postgres.log')}.`, {
      cause,
    })
  })
  try {
    return await withPool(embedded.url, use, `See ${join(config.data, 'postgres.log')}.`)
  } finally {
    await embedded.stop()
  }
}

async function withPool<T>(url: string, use: (pool: pg.Pool) => Promise<T>, hint: string): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: connectWithinMs })
  // Losing it fails the statement under way, which says so.
  pool.on('error', () => undefined)
  try {
    await pool.query('select 1').catch((cause: Error) => {
      throw new Failure('unreachable', `The database does not answer: ${cause.message}.`, hint, { cause })
    })
    return await use(pool)
  } catch (cause) {
    if (!unknownNames.has(codeOf(cause))) throw cause
    throw new Failure(
      'unreachable',
      'The database has not the tables of this version of Signalbox.',
      'Start the server once: it makes them. If it is another database than the server’s, correct DATABASE_URL or SIGNALBOX_DATA.',
      { cause },
    )
  } finally {
    await pool.end()
  }
}

/** What a running server left in its folder, if it is of that folder and answers. */
async function urlOfRunning({ data }: Config): Promise<string | undefined> {
  const file = join(data, 'connection.json')
  const url = stringOf(parseObject(await readIf(file))?.url)
  if (url === undefined) return undefined
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectWithinMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder")
    // A copied folder brings this file along, and the original may be running.
    return rows[0]?.folder !== undefined && realOf(rows[0].folder) === realOf(join(data, 'postgres')) ? url : undefined
  } catch (cause) {
    // Left by a server that was killed; by now something else may listen there.
    if (codeOf(cause) !== '') return undefined
    throw new Failure('unreachable', `The database of ${resolve(data)} does not answer: ${(cause as Error).message}.`, `See ${file}.`, {
      cause,
    })
  } finally {
    await client.end().catch(() => undefined)
  }
}

const codeOf = (error: unknown): string => String((error as { code?: string }).code ?? '')

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return false
      throw new Failure('unreachable', `${path} cannot be looked at: ${cause.code}.`, 'Run it as the user who runs the server.', { cause })
    },
  )

const readIf = (file: string) =>
  readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return ''
    throw new Failure('unreachable', `${file} cannot be read: ${cause.code}.`, 'Run it as the user who runs the server.', { cause })
  })
