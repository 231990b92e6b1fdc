/** History of any age through the door: it lands in few tables of the log, quickly, and what reads by id still looks into one of them. */
import type { EventInput } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api/testing.ts'
import { stopDatabases } from './testing.ts'

const dayMs = 86_400_000
const today = Date.now() - (Date.now() % dayMs)
let api: TestApi

beforeAll(async () => {
  // A loaded machine makes files slowly.
  api = await startTestApi({ SIGNALBOX_COMMIT_TIMEOUT_MS: '45000' })
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const at = (time: number): EventInput & { readonly id: string } => ({
  id: uuidv7(time),
  source: 'old',
  type: 'log',
  time: new Date(time).toISOString(),
  run: 'history',
  data: {},
})
const tables = async () =>
  (await api.pool.query<{ name: string }>("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'log'::regclass"))
    .rows.length

/** The log's tables that a statement looks into. */
async function lookedInto(sql: string, values: unknown[]): Promise<number> {
  const { rows } = await api.pool.query(`explain (format json) ${sql}`, values)
  return new Set(JSON.stringify(rows).match(/"Relation Name":"log_\d[\d_]*"/g)).size
}

test('ten thousand events of five thousand days enter by one request, into some dozens of tables', async () => {
  const events = Array.from({ length: 10_000 }, (_, i) => at(today - (i % 5_000) * dayMs))
  expect(await api.send(events, '?backfill=true')).toMatchObject({ accepted: 10_000, refused: [] })
  expect(await tables()).toBeLessThan(60)
  expect(await api.send(events, '?backfill=true')).toMatchObject({ accepted: 0, duplicates: 10_000 })
})

test('with history of half a century, reads by id and by position look into the tables they need', async () => {
  const old = Array.from({ length: 10 }, (_, i) => at(Date.UTC(1970 + 5 * i, 0, 2)))
  const one = at(Date.UTC(1999, 6, 1))
  await api.send(old, '?backfill=true')
  await api.send([one], '?backfill=true')
  expect(await lookedInto('select id from log where id = any($1::uuid[])', [[one.id, old[3]?.id]])).toBe(2)
  const { rows } = await api.pool.query<{ last: string; min_id: string; max_id: string }>(
    'select c.last, c.min_id, c.max_id from commits c join log l on l.partition = c.partition and l.position = c.last where l.id = $1',
    [one.id],
  )
  const commit = rows[0]
  const byPosition = 'select id from log where position = $1 and id between $2 and $3'
  expect(await lookedInto(byPosition, [commit?.last, commit?.min_id, commit?.max_id])).toBe(1)
  expect((await api.get(`/v1/events/${one.id}`)).body).toMatchObject({ id: one.id, time: '1999-07-01T00:00:00.000Z' })
  expect((await api.all('/v1/events?run=history', 1_000)).length).toBe(10_011)
})
