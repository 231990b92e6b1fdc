/** The database for commands that work on it directly: the given one, or the embedded one of a server that is up. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig } from '@signalbox/server/config.ts'
import pg from 'pg'
import { Failure } from '../failure.ts'
import { parseObject, stringOf } from '../import/text.ts'

export async function databaseUrl(env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  const config = readConfig(env)
  if (config.databaseUrl !== '') return config.databaseUrl
  const file = join(config.data, 'connection.json')
  const written = await readFile(file, 'utf8').catch(() => '')
  const url = stringOf(parseObject(written)?.url)
  if (url === undefined)
    throw new Failure(
      'unreachable',
      `The embedded database of ${config.data} is not running.`,
      'Start it with "npm start" in another terminal, or set DATABASE_URL (or SIGNALBOX_DATA, if its folder is elsewhere).',
    )
  return url
}

export async function withDatabase<T>(use: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: await databaseUrl(), max: 1, connectionTimeoutMillis: 5_000 })
  try {
    await pool.query('select 1').catch((cause: unknown) => {
      throw new Failure('unreachable', 'The database does not answer.', 'Start it with "npm start", or check DATABASE_URL.', { cause })
    })
    return await use(pool)
  } finally {
    await pool.end()
  }
}
