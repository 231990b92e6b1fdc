/**
 * Fills a data folder with the history of a fleet: `history.ts <folder> <events> [<events a day>]`. Prints a line of JSON when it is done.
 * A folder that has that history already stays as it is. Days older than a week are sealed, as a server would have by then.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '@signalbox/server/clock.ts'
import { createLog } from '@signalbox/server/ops/log.ts'
import { createMetrics } from '@signalbox/server/ops/metrics.ts'
import { startEmbedded } from '@signalbox/server/store/embedded.ts'
import { openStore } from '@signalbox/server/store/open.ts'
import { startLongSums } from '@signalbox/server/store/rollups-keep.ts'
import { createSealing } from '@signalbox/server/store/sealing.ts'
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
const lookForDaysMs = 5_000

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
      const until = Date.now()
      const from = until - Math.ceil((count / Number(perDay ?? usualPerDay)) * dayMs)
      const days = Array.from({ length: Math.ceil((until - from) / dayMs) + 1 }, (_, i) => Math.min(until, from + i * dayMs))
      await store.days.ensure(days, false)
      const done = Array.from({ length: partitions }, () => 0)
      const parts = done.map(
        (_, partition): Part => ({ partition, partitions, events: Math.floor((count + partition) / partitions), from, until }),
      )
      const reached = () => Math.min(...parts.map(({ partition, events }) => from + ((done[partition] ?? 0) / events) * (until - from)))
      const sealing = createSealing({
        ...{ pool: store.pool, compressAfterDays, retentionDays, now: reached, mostShare: 1 },
        ...{ clock: systemClock, log, metrics: createMetrics() },
      })
      let isFilled = false
      async function seal(): Promise<void> {
        for (; !isFilled; await setTimeout(lookForDaysMs)) await sealing.sealDue()
        await sealing.sealDue()
      }
      const filled = Promise.all(
        parts.map((part) =>
          filler(embedded.url, part, (position) => {
            done[part.partition] = position
            const all = done.reduce((sum, of) => sum + of, 0)
            const seconds = (performance.now() - startedAt) / 1_000
            process.stderr.write(`\r${all.toLocaleString('en')} of ${count.toLocaleString('en')} events, ${Math.round(all / seconds)}/s `)
          }),
        ),
      ).finally(() => {
        isFilled = true
      })
      await Promise.all([filled, seal()])
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
