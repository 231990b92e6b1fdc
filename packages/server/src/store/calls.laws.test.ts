/** Closed calls, whatever was written at once and whatever was merged since, are read as they were written. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendBulk } from './bulk.ts'
import { chunkLines, copyCallChunks } from './call-chunk.ts'
import { type MergePlace, mergeSome } from './call-merging.ts'
import {
  callsBetween,
  callsByKey,
  callsOf,
  callsOfRunAfter,
  countCalls,
  everyCall,
  lastCallsOfRun,
  mostHashes,
  stillSo,
} from './calls-read.ts'
import type { RowWrite } from './row-columns.ts'
import { poolOf, stopDatabases, withDatabase } from './testing.ts'

let pool: pg.Pool
let writes: pg.Client
beforeAll(async () => {
  const url = await withDatabase()
  pool = poolOf(url, 4)
  writes = new pg.Client({ connectionString: url })
  await writes.connect()
})
afterAll(async () => {
  await pool?.end()
  await writes?.end()
  await stopDatabases()
})

const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 2, reasoningTokens: 0, costMicros: 3 }
interface Version {
  readonly run: string
  readonly id: string
  readonly position: number
  readonly row: CallRow
}
const keyOf = ({ run, id }: Pick<Version, 'run' | 'id'>) => rowKey.call(run === '' ? undefined : run, 'tool', id)

interface Closing {
  readonly run: string
  readonly id: string
  readonly gap: number
  readonly error: string | undefined
}

/** A write of rows: what closed, in its order, and how many positions there are between. */
const write = fc.array(
  fc.record({
    run: fc.constantFrom('r', 'r 1', 'back\\\\slash', ''),
    id: fc.constantFrom('a', 'b', 'c', 'd"\\', 'é🚦', ...Array.from({ length: 12 }, (_, i) => `call ${i}`)),
    gap: fc.constantFrom(1, 1, 1, 2, 700, 3_000),
    error: fc.option(fc.string({ maxLength: 600 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
)
const act = fc.oneof({ weight: 4, arbitrary: write }, { weight: 1, arbitrary: fc.constant('merge' as const) })
let worlds = 0

async function mergeAll(partition: number, upTo: number): Promise<void> {
  for (let after: MergePlace | undefined; ; ) {
    after = await mergeSome(pool, partition, upTo, after)
    if (after === undefined) return
  }
}

/** What was written, by position. */
async function play(tenant: string, partition: number, acts: readonly (readonly Closing[] | 'merge')[]) {
  const versions: Version[] = []
  const stored = new Map<string, CallRow>()
  let position = 0
  for (const one of acts) {
    if (one === 'merge') {
      await mergeAll(partition, position)
      continue
    }
    const due = new Map<string, RowWrite>()
    const made = new Map<string, Version>()
    for (const { run, id, gap, error } of one) {
      position += gap
      const row: CallRow = {
        id,
        kind: 'tool',
        name: 'say',
        ...(run === '' ? {} : { run }),
        endedAt: position,
        outcome: 'failed',
        error,
        usage,
      }
      const plain = JSON.parse(JSON.stringify(row)) as CallRow
      const key = keyOf({ run, id })
      made.set(key, { run, id, position, row: plain })
      due.set(key, { tenant, table: 'calls', key, position, row, stored: stored.get(key) })
    }
    await sendBulk(writes, copyCallChunks, [await chunkLines(partition, [...due.values()])])
    for (const [key, version] of made) stored.set(key, version.row)
    versions.push(...made.values())
  }
  return { versions: versions.sort((a, b) => a.position - b.position), head: position }
}

const newestOf = (versions: readonly Version[]) => new Map(versions.map((version) => [keyOf(version), version]))
const plain = (calls: Iterable<{ readonly key: string; readonly position: number; readonly row: CallRow }>) =>
  Array.from(calls, ({ key, position, row }) => ({ key, position, row })).sort((a, b) => a.position - b.position)
const due = (versions: Iterable<Version>) =>
  Array.from(versions, (version) => ({ key: keyOf(version), position: version.position, row: version.row })).sort(
    (a, b) => a.position - b.position,
  )

test('by key, by run, by position and as a whole they are what was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), fc.nat(), async (acts, seed) => {
      const tenant = `t${worlds++}`
      const partition = worlds % 2
      const { versions, head } = await play(tenant, partition, acts)
      const runs = [...new Set(versions.map(({ run }) => run))]
      const upTo = head === 0 ? 0 : seed % (head + 1)
      const then = versions.filter((version) => version.position <= upTo)
      const keys = [...new Set(versions.map(keyOf)), rowKey.call('r', 'tool', 'of nobody'), 'r']
      expect(plain((await callsByKey(pool, tenant, keys)).values())).toEqual(due(newestOf(versions).values()))
      expect(plain((await callsByKey(pool, tenant, keys, { partition, upTo })).values())).toEqual(due(newestOf(then).values()))
      expect(await callsByKey(pool, tenant, keys, { partition: 1 - partition })).toEqual(new Map())
      // Among so many keys of each run that they are looked for otherwise.
      const others = runs.flatMap((run) => Array.from({ length: mostHashes }, (_, i) => keyOf({ run, id: `of nobody ${i}` })))
      expect(plain((await callsByKey(pool, tenant, [...others, ...keys])).values())).toEqual(due(newestOf(versions).values()))
      expect(plain((await callsByKey(pool, tenant, [...others, ...keys], { partition, upTo })).values())).toEqual(
        due(newestOf(then).values()),
      )
      expect(await callsByKey(pool, tenant, [...others, ...keys], { partition: 1 - partition })).toEqual(new Map())
      for (const run of runs) {
        const own = due([...newestOf(then).values()].filter((version) => version.run === run))
        const last = plain(await lastCallsOfRun(pool, tenant, run, 5, { partition, upTo }))
        // About so many: whole chunks, from the end; of those that closed again the newest.
        expect(own.slice(own.length - last.length)).toEqual(last)
        const again = then.filter((version) => version.run === run).length - own.length
        expect(last.length).toBeGreaterThanOrEqual(Math.min(5, own.length) - again)
        // Pages of any length have each version once, in order.
        const paged: ReturnType<typeof plain> = []
        for (let after = 0; ; ) {
          const page = plain(await callsOfRunAfter(pool, tenant, run, after, 3)).slice(0, 3)
          if (page.length === 0) break
          paged.push(...page)
          after = page.at(-1)?.position ?? 0
        }
        expect(paged).toEqual(due(versions.filter((version) => version.run === run)))
      }
      const [from, to] = [upTo, Math.min(head, upTo + 2_000)]
      const between = (version: Version) => version.position > from && version.position <= to
      expect(plain(await callsBetween(pool, partition, from, to, { tenant }))).toEqual(due(versions.filter(between)))
      expect(plain(await callsBetween(pool, partition, from, to, { tenant, runs: ['r', ''] }))).toEqual(
        due(versions.filter((version) => between(version) && ['r', ''].includes(version.run))),
      )
      const all = await callsOf(pool, tenant, partition)
      expect(plain(all)).toEqual(due(versions))
      expect(plain(await stillSo(pool, tenant, all))).toEqual(due(newestOf(versions).values()))
      expect(await countCalls(pool, tenant, partition, 1_000)).toBe(versions.length)
      const every: ReturnType<typeof plain> = []
      for await (const calls of everyCall(pool, partition)) every.push(...plain(calls.filter((call) => call.tenant === tenant)))
      expect(every.sort((a, b) => a.position - b.position)).toEqual(due(newestOf(versions).values()))
    }),
    { numRuns: 60 },
  )
})

test('merged, calls of a few at a time are as many at a time as one chunk may have', async () => {
  const tenant = 'merged'
  const acts = Array.from({ length: 700 }, (_, i) => [{ run: 'r', id: `call ${i}`, gap: 40, error: undefined }])
  const { versions, head } = await play(tenant, 0, acts)
  const sizes = async () =>
    (await pool.query<{ count: number }>('select count from call_chunks where tenant = $1 order by last', [tenant])).rows.map(
      ({ count }) => count,
    )
  expect((await sizes()).length).toBe(700)
  await mergeAll(0, head - 1)
  // The last is not of that time.
  expect(await sizes()).toEqual([500, 199, 1])
  await mergeAll(0, head)
  expect(await sizes()).toEqual([500, 200])
  expect(plain(await callsOf(pool, tenant, 0))).toEqual(due(versions))
})
