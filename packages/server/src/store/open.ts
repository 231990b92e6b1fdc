/** Opens the store: waits for PostgreSQL, migrates, checks, learns the log's epoch, brings projections to this fold, keeps the days. */
import pg from 'pg'
import type { Logger } from 'pino'
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { untilAnswers } from './answers.ts'
import { type Check, checkDurability } from './checks.ts'
import { clientsOf, type NewClient } from './connect.ts'
import { createLogDays, type LogDays } from './days.ts'
import { newEpoch } from './epoch.ts'
import { forgetRemoved } from './kept.ts'
import { migrate, underStartLock } from './migrate.ts'
import { createProjections, type Projections } from './projections.ts'
import { createQuarantine, type Quarantine } from './quarantine.ts'
import { createLogReader } from './reader.ts'
import { rebuildProjections } from './rebuild.ts'
import { createRetentionTime } from './retention-time.ts'
import { dropRollups } from './rollups-drop.ts'
import type { LogReader } from './store.ts'

export interface Store {
  readonly newClient: NewClient
  readonly pool: pg.Pool
  readonly meta: {
    readonly epoch: string
    readonly partitions: number
    /** Epochs of this same log before its projections were made again: events go on after their cursors, state does not. */
    readonly formerEpochs: readonly string[]
  }
  readonly reader: LogReader
  readonly projections: Projections
  readonly days: LogDays
  readonly quarantine: Quarantine
  readonly checks: readonly Check[]
  stop(): Promise<void>
}

export interface StoreOptions {
  readonly url: string
  readonly config: Pick<Config, 'partitions' | 'retentionDays' | 'quarantineItems'> & Partial<Pick<Config, 'stateRows'>>
  readonly log: Logger
  readonly clock?: Pick<Clock, 'now' | 'monotonic'>
}

const answerTimeoutMs = 30_000
/** Longest that a reader's statement may take; sequencers and the start have their own. */
const statementTimeoutMs = 120_000
/** A machine that is gone leaves the locks of its transactions behind for so long, not for the two hours that TCP waits. */
const goneAfterMs = 30_000
const keepUpEveryMs = 60 * 60_000

export async function openStore({ url, config, log, clock = systemClock }: StoreOptions): Promise<Store> {
  await untilAnswers(url, answerTimeoutMs, ({ host, port, code, timeoutMs }) =>
    log.warn({ host, port, code }, `PostgreSQL at ${host}:${port} does not answer yet; it is waited for up to ${timeoutMs / 1_000} s`),
  )
  const client = new pg.Client({ connectionString: url })
  // Losing it fails the statement under way, which says so; without a listener it would end the process unexplained.
  client.on('error', () => undefined)
  await client.connect()
  let meta: Store['meta']
  let checks: readonly Check[]
  try {
    checks = await checkDurability(client)
    for (const check of checks) if (!check.ok) log.warn({ check: check.name, value: check.value }, check.hint)
    meta = await underStartLock(client, async () => {
      const applied = await migrate(client, (migration) => log.info({ migration }, 'migrating; a long history takes some minutes'))
      if (applied.length > 0) log.info({ migrations: applied.length }, 'migrated')
      await checkIdentity(client, config.partitions, log)
      await rebuildProjections({ client, log })
      return readMeta(client)
    })
  } finally {
    await client.end()
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 12,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 5_000,
    // A network that lost the database answers nothing, and readers wait in line behind each other.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: goneAfterMs,
  })
  // A connection can be lost while it ends, when the pool no longer listens: an error event without a listener would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  // A lost idle connection is the pool's business; queries report their own.
  let stopping = false
  // A pool has ended before its connections have: those the database then cuts are no news.
  pool.on('error', ({ message }) => void (stopping || log.warn({ reason: message }, 'lost an idle database connection')))
  const projections = createProjections()
  const time = createRetentionTime({ pool, clock, log })
  const days = createLogDays(pool, config, time.now)
  const quarantine = createQuarantine({
    pool,
    mostRows: config.quarantineItems,
    retentionMs: config.retentionDays * 86_400_000,
    now: time.now,
  })
  await time.remember()
  await days.makeAhead(clock.now())
  const upkeep = async () => {
    await days.makeAhead(clock.now())
    // What is not folded yet stays an hour longer. Where rows cannot be written, on a full disk, the rest must leave all the same.
    await projections.caughtUp().catch((error) => log.warn({ err: error }, 'rows are behind the log; their events stay for now'))
    await time.remember()
    const dropped = await days.dropExpired()
    await dropRollups(pool, days.retainedFrom())
    const refused = await quarantine.dropExpired()
    await forgetRemoved(pool, clock.now())
    if (dropped.length + refused > 0) log.info({ dropped, refused }, 'the retention dropped tables of the log, and refused items')
  }
  let keeping = Promise.resolve()
  const keepUp = () => {
    keeping = upkeep().catch((error) => log.error({ err: error }, 'the upkeep of the store failed; trying again in an hour'))
  }
  // At once too: a server restarted every day must also forget.
  keepUp()
  const keep = setInterval(keepUp, keepUpEveryMs)
  keep.unref()
  return {
    newClient: clientsOf(url),
    pool,
    meta,
    projections,
    days,
    quarantine,
    checks,
    reader: createLogReader(pool, meta, projections, config.stateRows),
    async stop() {
      clearInterval(keep)
      await keeping
      stopping = true
      await pool.end()
    },
  }
}

/** A database restored from a backup or promoted has another system identifier or timeline: its log may lack what clients saw, so it gets a new epoch. */
async function checkIdentity(client: pg.Client, partitions: number, log: Logger): Promise<void> {
  const { rows: control } = await client.query<{ system: string; timeline: number }>(
    'select s.system_identifier::text as system, c.timeline_id as timeline from pg_control_system() s, pg_control_checkpoint() c',
  )
  const { system, timeline } = control[0] ?? { system: 'unknown', timeline: 0 }
  await client.query('begin')
  await client.query('lock table meta in share row exclusive mode')
  await client.query('insert into meta (epoch, partitions, system_identifier, timeline) values ($1, $2, $3, $4) on conflict do nothing', [
    newEpoch(),
    Math.max(1, partitions),
    system,
    timeline,
  ])
  const { rows } = await client.query<{ epoch: string; partitions: number; system_identifier: string; timeline: number }>(
    'select * from meta',
  )
  const row = rows[0]
  if (row === undefined) throw new Error('The table meta is empty.')
  if (row.system_identifier !== system || row.timeline !== timeline) {
    const epoch = newEpoch()
    log.warn({ was: row.epoch, is: epoch }, 'the database was restored or promoted: the log has a new epoch, live clients will resync')
    await client.query("update meta set epoch = $1, former_epochs = '{}', system_identifier = $2, timeline = $3", [epoch, system, timeline])
  }
  await client.query('insert into heads (partition) select * from generate_series(0, $1::int - 1) on conflict do nothing', [row.partitions])
  await client.query('commit')
  if (row.partitions !== partitions)
    log.warn({ wanted: partitions, has: row.partitions }, 'SIGNALBOX_PARTITIONS is fixed at first start; the log keeps its own')
}

async function readMeta(client: pg.Client): Promise<Store['meta']> {
  const { rows } = await client.query<{ epoch: string; partitions: number; former_epochs: string[] }>('select * from meta')
  const row = rows[0]
  if (row === undefined) throw new Error('The table meta is empty.')
  return { epoch: row.epoch, partitions: row.partitions, formerEpochs: row.former_epochs }
}
