/**
 * Who commits ids of sealed days, and who seals or drops days, exclude each other. No key refuses an id that is in a chunk: the writer looks
 * for it there, and holds what is sealed as it is until its commit is done.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Client } from 'pg'

const key = "hashtext('signalbox sealed days')"

/** Until the transaction ends. It waits for commits of late events, and they for it. */
export const lockSealed = `select pg_advisory_xact_lock(${key})`

/** What is sealed stays as it is while `run` does. The lock is the connection's, since several transactions may come of it, and ends with it. */
export async function whileSealed<T>(client: Pick<Client, 'query'>, run: () => Promise<T>): Promise<T> {
  await client.query(`select pg_advisory_lock_shared(${key})`)
  try {
    return await run()
  } finally {
    // A connection that is gone has let go of it.
    await client.query(`select pg_advisory_unlock_shared(${key})`).catch(() => undefined)
  }
}

/** Ids of before it may be in chunks. */
export async function sealedUntil(client: Pick<Client, 'query'>, partition: number): Promise<EpochMs> {
  const { rows } = await client.query<{ sealed: string }>('select sealed from heads where partition = $1', [partition])
  return Number(rows[0]?.sealed ?? 0)
}
