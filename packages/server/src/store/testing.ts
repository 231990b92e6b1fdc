/** Fresh databases for a test file: one embedded PostgreSQL a process, one database a call. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { pino } from 'pino'
import { newDataFolder } from './cluster.testing.ts'
import { type Embedded, startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'

interface Shared {
  readonly embedded: Embedded
  readonly folder: string
}
let shared: Promise<Shared> | undefined

/** What databases are copied from: to migrate each would take twice as long as the copy. */
const template = 'signalbox'

async function asking<T>(url: string, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

const urlOf = ({ url }: Embedded, database: string) => url.replace(/\/signalbox$/, `/${database}`)

async function start(): Promise<Shared> {
  const folder = await newDataFolder()
  const embedded = await startEmbedded({ data: folder, partitions: 2 }, pino({ level: 'silent' }))
  await asking(embedded.url, (client) => migrate(client))
  return { embedded, folder }
}

async function copyOf(original: string): Promise<string> {
  shared ??= start()
  const { embedded } = await shared
  const name = `test_${randomBytes(6).toString('hex')}`
  await asking(embedded.url, (client) => client.query(`create database ${name} template ${original}`))
  return urlOf(embedded, name)
}

/** The URL of a database that has tables and nothing in them. Call `stopDatabases` in afterAll. */
export const withDatabase = () => copyOf(template)
/** The same without tables. */
export const withEmptyDatabase = () => copyOf('template1')

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
