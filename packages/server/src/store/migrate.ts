/** Numbered migrations, applied in order on start under one lock; a database newer than this program is refused. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { endsWhenGone } from './gone.ts'

/** Any fixed number of our own: the advisory lock that keeps two starting servers from changing the database together. */
const lockKey = 7_446_251_830

/** A machine that is gone holds up the start of others for so long. */
const goneAfterMs = 30_000

/** One starting server at a time. May be nested. */
export async function underStartLock<T>(client: Client, run: () => Promise<T>): Promise<T> {
  await client.query(endsWhenGone(goneAfterMs))
  await client.query('select pg_advisory_lock($1)', [lockKey])
  try {
    return await run()
  } finally {
    // A connection that is gone has let go of it.
    await client.query('select pg_advisory_unlock($1)', [lockKey]).catch(() => undefined)
  }
}

interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

function migrations(): Migration[] {
  const folder = join(import.meta.dirname, 'migrations')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8')
      return { number: Number(name.slice(0, 4)), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    })
}

/**
 * An older version may be writing: its commit that waits for this lock goes on with the statements of before, and has to find itself
 * fenced. False when there is no table yet. Every transaction that writes begins with heads, so none waits for us while we wait for it.
 */
async function takeHeads(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>("select to_regclass('heads') is not null as found")
  if (rows[0]?.found !== true) return false
  await client.query('lock table heads in access exclusive mode')
  return true
}

/** `onBegin`: hears the name of each before it is applied to a database that has some, since one that moves rows may take minutes. Answers the names of what it applied. */
export function migrate(client: Client, onBegin: (name: string) => void = () => undefined): Promise<readonly string[]> {
  const ours = migrations()
  return underStartLock(client, async () => {
    await client.query(
      'create table if not exists migrations (number int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())',
    )
    const { rows } = await client.query<{ number: number; name: string; sha256: string }>(
      'select number, name, sha256 from migrations order by number',
    )
    const newest = rows.at(-1)
    if (newest !== undefined && newest.number > (ours.at(-1)?.number ?? 0)) {
      throw new Error(
        `The database has migration ${newest.name}, which this version does not know. Start the newer version, or restore a backup from before it.`,
      )
    }
    for (const row of rows) {
      const known = ours.find((migration) => migration.number === row.number)
      if (known !== undefined && known.sha256 !== row.sha256)
        throw new Error(`Migration ${row.name} was changed after it was applied. Migrations are never edited; add a new one.`)
    }
    const applied: string[] = []
    const known = new Set(rows.map(({ number }) => number))
    for (const migration of ours.filter(({ number }) => !known.has(number))) {
      // A new database has nothing that would take long.
      if (newest !== undefined) onBegin(migration.name)
      await client.query('begin')
      try {
        const hasHeads = await takeHeads(client)
        await client.query(migration.sql)
        if (hasHeads) await client.query('update heads set fence = fence + 1')
        await client.query('insert into migrations (number, name, sha256) values ($1, $2, $3)', [
          migration.number,
          migration.name,
          migration.sha256,
        ])
        await client.query('commit')
      } catch (cause) {
        await client.query('rollback')
        throw new Error(`Migration ${migration.name} failed: ${(cause as Error).message}`, { cause })
      }
      applied.push(migration.name)
    }
    return applied
  })
}
