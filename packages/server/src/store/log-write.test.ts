import pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { takePartition } from './log-write.ts'
import { openStore } from './open.ts'
import { prepareRows } from './rows-write.ts'
import { stopDatabases, withDatabase } from './testing.ts'

const ends: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
  await stopDatabases()
})

async function connected(): Promise<pg.Client> {
  const url = await withDatabase()
  const store = await openStore({
    url,
    config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 },
    log: pino({ level: 'silent' }),
  })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  ends.push(
    () => store.stop(),
    () => client.end(),
  )
  return client
}

interface Node {
  readonly 'Node Type': string
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Node[]
}
const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

test.each([0, 5_000])('open calls are taken by their keys, %i others beside them', async (others) => {
  const client = await connected()
  await prepareRows(client, 0)
  await client.query(
    `insert into projections (position, sort, partition, open, tbl, tenant, key, body)
     select n, 0, 0, true, 'calls', 'default', 'call ' || n, '{}' from generate_series(1, $1::int) n`,
    [500 + others],
  )
  if (others > 0) await client.query('analyze projections_open')
  const keys = Array.from({ length: 500 }, (_, n) => `"call ${n + 1}"`).join()
  const tenants = Array.from({ length: 500 }, () => 'default').join()
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Node }] }>(
    `explain (analyze, format json) execute take_open_calls('{${tenants}}', '{${keys}}')`,
  )
  const nodes = nodesOf(rows[0]?.['QUERY PLAN'][0].Plan as Node)
  expect(nodes.filter((node) => node['Node Type'] === 'Function Scan').map((node) => node['Actual Loops'])).toEqual([1])
  expect(nodes.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0), 0)).toBe(0)
  const { rows: left } = await client.query('select count(*)::int as n from projections')
  expect(left).toEqual([{ n: others }])
})

test('a partition whose rows are of another fold is not taken, and its writer not fenced', async () => {
  const client = await connected()
  const { fence } = await takePartition(client, 0)
  await client.query("update heads set fold = 'another'")
  await expect(takePartition(client, 0)).rejects.toThrow('another version of Signalbox')
  expect((await client.query('select fence::int from heads')).rows).toEqual([{ fence }])
})
