/** The same history with its days sealed: bytes an event, what sealing one takes, and how long pages of it take to read beside before. */
import { createLog } from '@signalbox/server/ops/log.ts'
import { createMetrics } from '@signalbox/server/ops/metrics.ts'
import { createSealing } from '@signalbox/server/store/sealing.ts'
import pg from 'pg'
import { type Bench, count, inTables, quantile, serve } from '../harness.ts'
import { diskOf } from './disk.ts'

const dayMs = 86_400_000
const pagesOfAKind = 40
const sampledCpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

async function pathsIn(pool: pg.Pool): Promise<Readonly<Record<string, readonly string[]>>> {
  const keys = async (table: string) =>
    (
      await pool.query<{ key: string }>('select distinct key, md5(key) as place from projections where tbl = $1 order by place limit $2', [
        table,
        pagesOfAKind,
      ])
    ).rows.map(({ key }) => encodeURIComponent(key))
  const { rows: ids } = await pool.query<{ id: string }>('select min_id as id from commits order by md5(min_id::text) limit $1', [
    pagesOfAKind,
  ])
  return {
    "a run's events": (await keys('runs')).map((run) => `/v1/events?run=${run}&order=desc&limit=500`),
    "an agent's newest events": (await keys('agents')).map((agent) => `/v1/events?agent=${agent}&order=desc&limit=200`),
    'one event': ids.map(({ id }) => `/v1/events/${id}`),
    'the timeline': Array.from({ length: 10 }, (_, i) => `/v1/timeline?buckets=${200 + i}`),
  }
}

async function readAll(url: string, paths: readonly string[]): Promise<number[]> {
  const took: number[] = []
  for (const path of paths) {
    const startedAt = performance.now()
    const answer = await fetch(`${url}${path}`)
    await answer.text()
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}.`)
    took.push(performance.now() - startedAt)
  }
  return took
}

export async function measureSealed(bench: Bench, folder: string, events: number): Promise<void> {
  const server = await serve(folder, inTables)
  const pool = new pg.Pool({ connectionString: await server.database(), max: 2 })
  try {
    const paths = await pathsIn(pool)
    const read = async () => {
      const took: Record<string, number[]> = {}
      for (const [what, some] of Object.entries(paths)) took[what] = await readAll(server.url, some)
      return took
    }
    const open = await read()
    const before = await diskOf(pool)
    const [startedAt, cpuBefore] = [performance.now(), sampledCpuMs()]
    // All of it, as if days had passed; without the pauses that leave the time to others.
    const sealing = createSealing({
      ...{ pool, compressAfterDays: 1, retentionDays: 36_500, now: () => Date.now() + 3 * dayMs, mostShare: 1 },
      ...{ clock: { monotonic: () => performance.now() }, log: createLog('error'), metrics: createMetrics() },
    })
    await sealing.sealDue()
    const [tookMs, cpuMs] = [performance.now() - startedAt, sampledCpuMs() - cpuBefore]
    await pool.query('analyze log_chunks')
    const after = await diskOf(pool)
    const closed = await read()
    bench.row({
      what: `bytes on disk an event with all days sealed, ${count(events)} events`,
      figure: `${(after.all / after.events).toFixed(0)} bytes, ${(after.all / after.events / after.json).toFixed(2)} of its JSON`,
      beside: `${(before.all / before.events).toFixed(0)} bytes, ${(before.all / before.events / before.json).toFixed(2)}: tables of the log ${(before.log / before.events).toFixed(0)}, then ${(after.log / after.events).toFixed(0)} and chunks ${(after.chunks / after.events).toFixed(0)}`,
    })
    bench.tell(
      `sealed an event in ${((tookMs * 1_000) / after.events).toFixed(1)} µs, ${((cpuMs * 1_000) / after.events).toFixed(1)} of them in this process`,
    )
    for (const [what, times] of Object.entries(closed))
      bench.tell(
        `${what}, p50 and p95 in ms: ${quantile(open[what] ?? [], 0.5).toFixed(1)} and ${quantile(open[what] ?? [], 0.95).toFixed(1)}, sealed ${quantile(times, 0.5).toFixed(1)} and ${quantile(times, 0.95).toFixed(1)}`,
      )
  } finally {
    await pool.end()
    await server.stop()
  }
}
