/** Whether the database can keep our promise: what is acknowledged is on disk. */
import type { Client } from 'pg'

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly value: string
  readonly hint: string
}

export async function checkDurability(client: Pick<Client, 'query'>): Promise<readonly Check[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'server_version_num', 'server_version')",
  )
  const value = (name: string) => rows.find((row) => row.name === name)?.setting ?? 'unknown'
  return [
    {
      name: 'fsync',
      ok: value('fsync') === 'on',
      value: value('fsync'),
      hint: 'Set fsync = on: without it an acknowledged event can vanish in a crash.',
    },
    {
      name: 'full_page_writes',
      ok: value('full_page_writes') === 'on',
      value: value('full_page_writes'),
      hint: 'Set full_page_writes = on, unless the file system never tears a page.',
    },
    {
      name: 'synchronous_commit',
      ok: value('synchronous_commit') !== 'off',
      value: value('synchronous_commit'),
      hint: 'Set synchronous_commit = on for the database; the sequencers set it for themselves.',
    },
    {
      name: 'data_checksums',
      ok: value('data_checksums') === 'on',
      value: value('data_checksums'),
      hint: 'Enable data checksums (pg_checksums --enable): silent disk errors are then found.',
    },
    {
      name: 'server_version',
      ok: Number(value('server_version_num')) >= 150_000,
      value: value('server_version'),
      hint: 'Use PostgreSQL 15 or newer.',
    },
  ]
}
