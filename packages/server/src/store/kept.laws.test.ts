/** The same changes come to the same state, in whatever order and however often they arrive, from however many pages at once. */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Change, change, keptOf } from './kept.ts'
import { migrate } from './migrate.ts'
import { poolOf, stopDatabases, withDatabase } from './testing.ts'

let pool: pg.Pool
beforeAll(async () => {
  const url = await withDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await migrate(client)
  await client.end()
  pool = poolOf(url, 4)
})
afterAll(async () => {
  await pool?.end()
  await stopDatabases()
})

let worlds = 0
/** Each of a tenant that is new. */
async function after(changes: readonly Omit<Change, 'tenant'>[], atOnce = false) {
  const tenant = `t${worlds++}`
  if (atOnce) await Promise.all(changes.map((one) => change(pool, { ...one, tenant })))
  else for (const one of changes) await change(pool, { ...one, tenant })
  return [await keptOf(pool, tenant, 'view'), await keptOf(pool, tenant, 'acknowledgement')]
}

const changes = fc.array(
  fc.record({
    kind: fc.constantFrom('view' as const, 'acknowledgement' as const),
    id: fc.constantFrom('a', 'b', 'task:r\u001ft'),
    at: fc.integer({ min: 1, max: 4 }),
    body: fc.constantFrom(null, '{"note":"a"}', '{"note":"b"}', '{"note":"é"}', '{"note":"Z"}'),
  }),
  { minLength: 1, maxLength: 10 },
)
const shuffles = changes.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length })),
)

test('any order of the same changes, with repeats, gives the same state', async () => {
  await fc.assert(
    fc.asyncProperty(shuffles, async ([list, shuffled]) => {
      const expected = await after(list)
      expect(await after(shuffled)).toEqual(expected)
      expect(await after(shuffled, true)).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})

test('the last change holds, and each is told what holds', async () => {
  const of = { tenant: 'told', kind: 'acknowledgement', id: 'agent:a' } as const
  const told = async (at: number, body: string | null) => change(pool, { ...of, at, body })
  expect(await told(2, '"second"')).toEqual({ id: 'agent:a', at: 2, body: '"second"' })
  expect(await told(1, '"first"')).toEqual({ id: 'agent:a', at: 2, body: '"second"' })
  expect(await told(2, null)).toEqual({ id: 'agent:a', at: 2, body: null })
  expect(await told(2, '"second"')).toEqual({ id: 'agent:a', at: 2, body: null })
  expect(await told(3, '"third"')).toEqual({ id: 'agent:a', at: 3, body: '"third"' })
})
