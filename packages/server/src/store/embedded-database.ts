/** What the embedded PostgreSQL is asked before it is the store's. */
import pg from 'pg'

/** Undefined where no log was made yet. */
export async function partitionsOf(url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: found } = await client.query<{ meta: string | null }>("select to_regclass('meta') as meta")
    if (found[0]?.meta == null) return undefined
    return (await client.query<{ partitions: number }>('select partitions from meta')).rows[0]?.partitions
  } finally {
    await client.end()
  }
}

export async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'signalbox'")
    if (rowCount === 0) await client.query('create database signalbox')
  } finally {
    await client.end()
  }
}
