/**
 * Files of the embedded PostgreSQL's write-ahead log, made while nobody waits: one that is made when it is needed holds up commits for 27 to
 * 300 ms, and a new database needs one for each 16 MiB until it has as many as it keeps (`min_wal_size`). At half load p99 of acknowledgements
 * was 175 and 286 ms on a new server, and 42 and 55 with files made before (measured).
 */
import { statfs } from 'node:fs/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { type Clock, repeat } from '../clock.ts'

export interface WalAheadOptions {
  readonly pool: Pick<Pool, 'query'>
  /** Tells of every commit. */
  readonly bus: { subscribe(listener: () => void): () => void }
  /** The data folder, for the room on its disk. */
  readonly data: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'debug'>
  /** Of all files. */
  readonly wantedBytes: number
}

const lookEveryMs = 1_000
/** Since the last commit: whoever sends now and then waits for no file. */
const quietMs = 2_000
/** Of what all files take, so much has to be free: on a small disk others need the room more. */
const roomForAll = 8

export function startWalAhead({ pool, bus, data, clock, log, wantedBytes }: WalAheadOptions): { stop(): Promise<void> } {
  let committedAt = clock.monotonic()
  let isStopped = false
  let hasMade = false
  const unsubscribe = bus.subscribe(() => {
    committedAt = clock.monotonic()
  })

  async function hasAll(): Promise<boolean> {
    const { rows } = await pool.query<{ bytes: number }>(
      `select sum(size)::float8 as bytes from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'`,
    )
    return (rows[0]?.bytes ?? 0) >= wantedBytes
  }

  async function hasRoom(): Promise<boolean> {
    const { bavail, bsize } = await statfs(data)
    return bavail * bsize >= wantedBytes * roomForAll
  }

  /** Resolves to true when there is nothing more to do. */
  async function makeWhileQuiet(): Promise<boolean> {
    while (!isStopped && clock.monotonic() - committedAt >= quietMs) {
      if ((await hasAll()) || !(await hasRoom())) {
        // What was made is taken into use by it.
        if (hasMade) await pool.query('checkpoint')
        return true
      }
      // Only a file that something was written to is ended.
      await pool.query(`select pg_logical_emit_message(false, 'signalbox', '')`)
      await pool.query('select pg_switch_wal()')
      hasMade = true
    }
    return false
  }

  const making = repeat(clock, lookEveryMs, async () => {
    try {
      if (!(await makeWhileQuiet())) return 'again'
      unsubscribe()
      return 'done'
    } catch (error) {
      log.debug({ err: error }, 'no file of the write-ahead log could be made ahead; trying again')
      return 'again'
    }
  })

  return {
    async stop() {
      isStopped = true
      unsubscribe()
      await making.stop()
    },
  }
}
