/** A fresh database for a test file: one embedded PostgreSQL a process, one database a call. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { type Embedded, startEmbedded } from './embedded.ts'

let shared: Promise<{ readonly embedded: Embedded; readonly folder: string }> | undefined

async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-test-'))
  return { embedded: await startEmbedded({ data: folder, partitions: 2 }, pino({ level: 'silent' })), folder }
}

/** The URL of an empty database. Call `stopDatabases` in afterAll. */
export async function withDatabase(): Promise<string> {
  shared ??= start()
  const { embedded } = await shared
  const name = `test_${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: embedded.url })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return embedded.url.replace(/\/signalbox$/, `/${name}`)
}

/** A pool of a test's own. A pool's end does not wait for its clients: one that the database ends meanwhile must not end the process. */
export function poolOf(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max })
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  return pool
}

export async function stopDatabases(): Promise<void> {
  const held = shared
  shared = undefined
  if (held === undefined) return
  const { embedded, folder } = await held
  await embedded.stop()
  await rm(folder, { recursive: true, force: true })
}
