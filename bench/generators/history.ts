/**
 * Fills a data folder with the history of a fleet: `history.ts <folder> <events> [<events a day>]`. Prints a line of JSON when it is done.
 * A folder that has that history already stays as it is. Days older than a week are sealed, as a server would have by then.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@signalbox/server/clock.ts'
import { createLog } from '@signalbox/server/ops/log.ts'
import { startBlockRanges } from '@signalbox/server/store/block-ranges.ts'
import { startEmbedded } from '@signalbox/server/store/embedded.ts'
import { openStore } from '@signalbox/server/store/open.ts'
import { startLongSums } from '@signalbox/server/store/rollups-keep.ts'
import type { Pool } from 'pg'
import { fill } from './history/fill.ts'
import type { Part } from './history/fleet.ts'
import { verify } from './history/verify.ts'

/** What 30 days of retention hold of a hundred million. */
const usualPerDay = 3_600_000
const dayMs = 86_400_000
const partitions = 2
const retentionDays = 30
/** As `SIGNALBOX_COMPRESS_AFTER_DAYS` is without being set. */
const compressAfterDays = 7

export interface HistoryMade {
  readonly events: number
  readonly from: number
  readonly until: number
  readonly seconds: number
  /** Of these runs the fold of the log was compared with the rows. */
  readonly verifiedRuns: number
}

const [folder = '', events, perDay] = process.argv.slice(2)

/** One partition, in a process of its own. */
function filler(url: string, part: Part, tell: (events: number) => void): Promise<unknown> {
  const child: ChildProcess = fork(import.meta.filename, ['part', url, JSON.stringify(part)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  child.on('message', (position) => tell(Number(position)))
  return once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`Partition ${part.partition} was not filled: exit ${code}.`)
  })
}

async function configure(pool: Pool, change: string): Promise<void> {
  await pool.query(`alter system ${change}`)
  await pool.query('select pg_reload_conf()')
}

async function make(): Promise<HistoryMade> {
  const count = Number(events)
  await mkdir(folder, { recursive: true })
  const mark = join(folder, 'history.json')
  const made = await readFile(mark, 'utf8').catch(() => undefined)
  if (made !== undefined && (JSON.parse(made) as HistoryMade).events === count) return JSON.parse(made)
  const startedAt = performance.now()
  const log = createLog('error')
  const embedded = await startEmbedded({ data: folder, partitions }, log)
  try {
    const store = await openStore({ url: embedded.url, config: { partitions, retentionDays, quarantineItems: 1_000 }, log })
    try {
      // Days pass within seconds here, and what PostgreSQL does each minute has to be as often in a day.
      await configure(store.pool, 'set autovacuum_naptime = 1')
      const until = Date.now()
      const from = until - Math.ceil((count / Number(perDay ?? usualPerDay)) * dayMs)
      const days = Array.from({ length: Math.ceil((until - from) / dayMs) + 1 }, (_, i) => Math.min(until, from + i * dayMs))
      await store.days.ensure(days, false)
      let tellCommit = () => {}
      const bus = {
        subscribe(listener: () => void) {
          tellCommit = listener
          return () => undefined
        },
      }
      const blockRanges = startBlockRanges({ pool: store.pool, bus, clock: systemClock, log })
      const sealedUntil = dayMs * Math.floor(until / dayMs - compressAfterDays)
      const done = Array.from({ length: partitions }, () => 0)
      await Promise.all(
        done.map((_, partition) =>
          filler(
            embedded.url,
            { partition, partitions, events: Math.floor((count + partition) / partitions), from, until, sealedUntil },
            (position) => {
              done[partition] = position
              tellCommit()
              const all = done.reduce((sum, of) => sum + of, 0)
              const seconds = (performance.now() - startedAt) / 1_000
              process.stderr.write(`\r${all.toLocaleString('en')} of ${count.toLocaleString('en')} events, ${Math.round(all / seconds)}/s `)
            },
          ),
        ),
      )
      await blockRanges.stop()
      process.stderr.write('\n')
      // A retention time that was never stored begins with the oldest commit.
      await store.pool.query('update meta set retention_at = $1', [until])
      const seconds = (performance.now() - startedAt) / 1_000
      // A server would have made them as the history came: whoever starts on it would make all of them while it is measured.
      await store.pool.query('analyze')
      const sums = startLongSums({ pool: store.pool, clock: systemClock, log })
      await sums.settled()
      await sums.stop()
      await store.pool.query('vacuum analyze')
      await configure(store.pool, 'reset autovacuum_naptime')
      const verifiedRuns = await verify(store.pool, count)
      const result: HistoryMade = { events: count, from, until, seconds, verifiedRuns }
      await writeFile(mark, JSON.stringify(result))
      return result
    } finally {
      await store.stop()
    }
  } finally {
    await embedded.stop()
  }
}

if (folder === 'part') await fill(events ?? '', JSON.parse(perDay ?? '') as Part, (position) => process.send?.(position))
else console.log(JSON.stringify(await make()))
