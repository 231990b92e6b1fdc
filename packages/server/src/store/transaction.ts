import type { Pool, PoolClient } from 'pg'

/** What `run` does is committed with its end, or not at all. `begin`: how, and with which settings. */
export async function transactionOn<T>(client: Pick<PoolClient, 'query'>, run: () => Promise<T>, begin = 'begin'): Promise<T> {
  try {
    await client.query(begin)
    const result = await run()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** The same on a connection of its own. */
export async function transaction<T>(pool: Pick<Pool, 'connect'>, run: (client: PoolClient) => Promise<T>, begin?: string): Promise<T> {
  const client = await pool.connect()
  try {
    return await transactionOn(client, () => run(client), begin)
  } finally {
    client.release()
  }
}
