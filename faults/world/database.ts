/** The database beside the server's back. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { postmasterPid } from './server-process.ts'
import type { Database } from './world.ts'

const connectTimeoutMs = 20_000

/** Where the embedded PostgreSQL listens now: another port after each of its starts. */
export async function databaseUrl(dataFolder: string): Promise<string> {
  return (JSON.parse(await readFile(join(dataFolder, 'connection.json'), 'utf8')) as { url: string }).url
}

export const databaseOf = (dataFolder: string): Database => ({
  async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: await databaseUrl(dataFolder), connectionTimeoutMillis: connectTimeoutMs })
    // A server that ends says so on idle connections too.
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows as Row[]
    } finally {
      await client.end().catch(() => undefined)
    }
  },
  postmasterPid: () => postmasterPid(dataFolder),
})
