/** Whatever is asked in whatever order: a moment's rows are the fold of the log up to there. */

import { zstdCompressSync } from 'node:zlib'
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { CallRow, RowOf, Table, TaskRow } from '@signalbox/model/rows.ts'
import { tables } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { callsAsRows } from '../store/rows.testing.ts'
import { startSnapshots } from '../streams/snapshots.ts'
import { newestOf } from './moment-wire.ts'
import { createMomentRecord, type MomentRecord } from './record.ts'
import { createRunMoments } from './run-moment.ts'
import { isOpen, type Layer, rowAt, rowsOf, textsOf } from './state-layers.ts'
import { createPastStates, type PastStates } from './state-past.ts'

const minuteMs = 60_000
const tenants = ['default', 'other'] as const

/** Rounds of work with a snapshot after most: calls that open, close and are told of again later, tasks, agents and runs that rest and come back. */
async function pastOf(rounds: number, beforeRound: (it: Line, round: number) => void | Promise<void> = () => {}): Promise<Line> {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ clock })
  const { pool, projections, reader, meta } = it.store
  const config = { snapshotEvery: 15 }
  const of = { pool, projections, partitions: meta.partitions, heads: reader.heads, bus: it.bus, bytesPerEvent: 1_000 }
  const snapshots = startSnapshots({ ...of, config, clock, log })
  after(() => snapshots.stop())
  let made = 0
  for (let round = 0; round < rounds; round += 1) {
    await beforeRound(it, round)
    const events = Array.from({ length: 40 }, () => {
      made += 1
      const of = {
        time: clock.now(),
        tenant: tenants[made % 3 === 0 ? 1 : 0],
        run: `r${made % 4}`,
        agent: `w${made % 5}`,
        task: `t${made % 7}`,
      }
      // The call of this event, one just before it, and one that rests long since.
      const call = `say "${made % 5 === 0 ? Math.floor(made / 9) : made - (made % 3)}" \u0000`
      const types = ['tool.started', 'tool.finished', 'tool.attributed', 'task.started', 'task.completed', 'task.assigned', 'agent.status']
      // Runs end and agents leave, and both are told of again.
      const type = made % 97 === 0 ? 'run.finished' : made % 23 === 0 ? 'agent.stopped' : types[made % types.length]
      // Few pairs, so that each meets again, also when its run has ended.
      const [from, to] = [`w${2 + (made % 2)}`, `w${made % 2}`]
      return event({ ...of, type: type ?? 'log', data: { call, name: 'ends in ,[', from, to, status: 'waiting' } })
    })
    await it.send(events)
    await snapshots.settled()
    clock.advance(minuteMs)
  }
  return it
}

const plain = (rows: Iterable<readonly [string, unknown]>) => new Map([...rows].map(([key, row]) => [key, JSON.parse(JSON.stringify(row))]))
/** What a feed's reader would see of the table. */
const isSeen = (table: Table, row: RowOf[Table]) =>
  table === 'tasks' ? !isTerminal((row as TaskRow).state) : table === 'calls' ? isOpen(row as CallRow) : table !== 'edges'

async function foldOf(it: Line, tenant: string, partition: number, upTo: number) {
  const rows = createRows()
  const { events } = await it.store.reader.readPartition({ tenant, partition, after: 0, upTo, limit: 100_000 })
  for (const logged of events) applyEvent(rows, logged)
  return rows
}

async function expectAsFolded(it: Line, past: PastStates, tenant: string, positions: readonly number[]) {
  const layers = await past.at(tenant, positions)
  for (const [partition, upTo] of positions.entries()) {
    const folded = await foldOf(it, tenant, partition, upTo)
    const layer = layers[partition] as Layer
    expect(layer.position).toBe(upTo)
    for (const table of tables) {
      const wanted = [...folded.entries()].flatMap(([name, key, row]) =>
        name === table && isSeen(table, row) ? [[key, row] as const] : [],
      )
      const found = [...rowsOf(layer, table)].filter(([, row]) => isSeen(table, row))
      expect(found.length).toBe(new Set(found.map(([key]) => key)).size)
      expect(plain(found), `${table} of ${tenant} at ${upTo} of ${partition}`).toEqual(plain(wanted))
    }
    if (layer.base.recorded === true) {
      expect(layer.base.rows.edges.size).toBe(0)
      continue
    }
    // And what had ended before the base.
    const keys = [...folded.entries()].flatMap(([table, key, row]) => (isSeen(table, row) ? [] : [[table, key, row] as const]))
    const unknown = keys.filter(([table, key]) => rowAt(layer, table, key) === undefined).map(([table, key]) => ({ table, key }))
    const rested = new Map((await past.ended(tenant, partition, layer.base, unknown)).map(([table, key, row]) => [`${table} ${key}`, row]))
    const named = keys.map(([table, key, row]) => [`${table} ${key}`, row] as const)
    expect(plain(keys.map(([table, key]) => [`${table} ${key}`, rowAt(layer, table, key) ?? rested.get(`${table} ${key}`)]))).toEqual(
      plain(named),
    )
  }
}

/** All that is of a run, and of nothing else, with what ended. */
async function expectRunsAsFolded(
  it: Line,
  record: Pick<MomentRecord, 'changedSince'>,
  past: PastStates,
  tenant: string,
  positions: readonly number[],
) {
  const { pool, projections } = it.store
  const moments = createRunMoments({ pool, projections, record, past, mostRows: 30_000 })
  const layers = await past.at(tenant, positions)
  const folded = await Promise.all(positions.map((upTo, partition) => foldOf(it, tenant, partition, upTo)))
  for (const run of ['r0', 'r1', 'r2', 'r3']) {
    const found = await moments.rows(tenant, run, layers)
    for (const [partition, rows] of folded.entries()) {
      const wanted = [...rows.entries()].flatMap(([table, key, row]) =>
        table !== 'agents' && (table === 'runs' ? key : 'run' in row && row.run) === run ? [[`${table} ${key}`, row] as const] : [],
      )
      const told = (found?.[partition] ?? []).flatMap(([table, key, json]) =>
        table === 'agents' ? [] : [[`${table} ${key}`, JSON.parse(json)] as const],
      )
      expect(told.length).toBe(new Set(told.map(([name]) => name)).size)
      expect(new Map(told), `${run} of ${tenant} at ${positions}`).toEqual(plain(wanted))
    }
  }
}

const nothingRecorded = { changedSince: () => undefined }

const anyMoment = (heads: readonly number[]) =>
  fc.tuple(fc.constantFrom(...tenants), fc.tuple(...heads.map((head) => fc.integer({ min: 0, max: head }))))

test.each([
  ['', 0],
  [', where calls closed before they were written as chunks', 9],
])(
  'any order of moments, of two tenants, with much or little held, answers the fold of the log up to each%s',
  async (_, roundsAsRows) => {
    const it = await pastOf(16, async ({ store }, round) => {
      if (round > 0 && round === roundsAsRows) {
        await store.projections.caughtUp()
        await callsAsRows(store.pool)
      }
    })
    const { pool, reader } = it.store
    const heads = (await reader.heads()).positions
    const { rows } = await pool.query('select count(*)::int as count from snapshots')
    expect(rows[0].count).toBeGreaterThan(10)
    const moment = anyMoment(heads)
    await fc.assert(
      fc.asyncProperty(
        fc.array(moment, { minLength: 3, maxLength: 12 }),
        fc.constantFrom(1, 60, 100_000),
        fc.constantFrom(3, 20, 1_000),
        async (moments, mostRows, layerEvents) => {
          const past = createPastStates({ pool, reader, log, mostRows, layerEvents })
          for (const [tenant, positions] of moments) {
            await expectAsFolded(it, past, tenant, positions)
            await expectRunsAsFolded(it, nothingRecorded, past, tenant, positions)
          }
        },
      ),
      { numRuns: 12 },
    )
  },
  120_000,
)

/** The newest snapshot of each partition as a version before wrote its first, and no other; rows without what that version did not write. */
async function asSpread({ store }: Line): Promise<void> {
  const { pool, reader } = store
  const { rows: newest } = await pool.query<{ partition: number; position: string }>(
    'select partition, max(position) as position from snapshots group by partition',
  )
  await pool.query('delete from snapshots_kept; update projections set born = null')
  for (const { partition, position } of newest) {
    const entries: [string, Table, string, RowOf[Table]][] = []
    for (const tenant of tenants)
      for (const [table, key, row] of (await foldOf({ store } as Line, tenant, partition, Number(position))).entries())
        entries.push([tenant, table, key, row])
    const isClosed = ([, table, , row]: (typeof entries)[number]) => table === 'calls' && !isOpen(row as CallRow)
    const stateOf = (some: typeof entries) =>
      // As PostgreSQL writes an array.
      zstdCompressSync(`[\n${some.map((entry) => `[${entry.map((part) => JSON.stringify(part)).join(', ')}]`).join(',\n')}\n]`)
    await pool.query('delete from snapshots where partition = $1 and position < $2', [partition, position])
    await pool.query('update snapshots set state = $3, spread = true where partition = $1 and position = $2', [
      partition,
      position,
      stateOf(entries.filter((entry) => !isClosed(entry))),
    ])
    await pool.query('insert into snapshots_kept (partition, position, before, fold, state) values ($1, $2, 0, $3, $4)', [
      partition,
      position,
      FOLD_VERSION,
      stateOf(entries.filter(isClosed)),
    ])
  }
  expect((await reader.heads()).positions.length).toBe(newest.length)
}

test('of more rows than are wanted those that changed last are told, as they are among all', async () => {
  const it = await pastOf(5)
  const past = createPastStates({ ...it.store, log })
  const { positions } = await it.store.reader.heads()
  for (const share of [0.3, 0.7, 1]) {
    const layers = await past.folded(
      'default',
      positions.map((position) => Math.floor(position * share)),
    )
    for (const layer of layers)
      for (const table of tables) {
        const all = new Map(textsOf(layer, table))
        for (let most = 0; most <= all.size; most += 1) {
          const found = newestOf(layer, table, most)
          expect(found.length).toBe(Math.min(most + 1, all.size))
          for (const [, key, text] of found) expect(text).toBe(all.get(key))
          if (most > 0 && most < all.size) expect(found.slice(0, most)).toEqual(newestOf(layer, table, most - 1))
        }
      }
  }
})

test('a moment of more agents and runs than may be held is refused, not half made', async () => {
  const it = await pastOf(2)
  const positions = (await it.store.reader.heads()).positions
  const past = (mostStanding: number) => createPastStates({ ...it.store, log, mostStanding })
  await expect(past(5).folded('default', positions)).rejects.toMatchObject({ init: { code: 'STATE_TOO_LARGE' } })
  await expect(past(1_000).folded('default', positions)).resolves.toHaveLength(2)
})

test('moments of before an upgrade, and after it, are the fold of the log too', async () => {
  const it = await pastOf(14, (it, round) => (round === 6 ? asSpread(it) : undefined))
  const { pool, reader } = it.store
  const heads = (await reader.heads()).positions
  const { rows } = await pool.query('select spread, count(*)::int as count from snapshots group by spread order by spread')
  expect(rows).toMatchObject([{ spread: false }, { spread: true, count: heads.length }])
  await fc.assert(
    fc.asyncProperty(fc.array(anyMoment(heads), { minLength: 3, maxLength: 12 }), async (moments) => {
      const past = createPastStates({ pool, reader, log, layerEvents: 20 })
      for (const [tenant, positions] of moments) {
        await expectAsFolded(it, past, tenant, positions)
        await expectRunsAsFolded(it, nothingRecorded, past, tenant, positions)
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)

test.each([
  ['from the first commit on', 0, 5, 100_000],
  ['in stretches of one commit', 0, 1, 100_000],
  ['in one stretch', 0, 10_000, 100_000],
  ['from the middle on', 6, 10, 100_000],
  ['as far as there is room', 0, 8, 450],
])(
  'what commits change, recorded %s, is what the log folds to',
  async (_, begins, stretchEvents, mostRows) => {
    const records: MomentRecord[] = []
    const it = await pastOf(14, ({ bus, store }, round) => {
      if (round !== begins) return
      const record = createMomentRecord({ bus, reader: store.reader, log, stretchEvents, mostRows })
      after(() => record.stop())
      records.push(record)
    })
    const [record] = records
    if (record === undefined) throw new Error('Nothing was recorded.')
    await record.settled()
    const { pool, reader } = it.store
    const heads = (await reader.heads()).positions
    const past = createPastStates({ pool, reader, record, log, layerEvents: 20 })
    const near = heads.map((head, partition) => record.nearest('default', partition, head))
    expect(near.map((found) => found?.layer.base.recorded)).toEqual(heads.map(() => true))
    if (mostRows < 1_000) expect(record.size()).toBeLessThan(1.5 * mostRows)
    await fc.assert(
      fc.asyncProperty(fc.array(anyMoment(heads), { minLength: 3, maxLength: 8 }), async (moments) => {
        for (const [tenant, positions] of [...moments, ['default', heads] as const]) {
          await expectAsFolded(it, past, tenant, positions)
          await expectRunsAsFolded(it, record, past, tenant, positions)
        }
      }),
      { numRuns: 8 },
    )
  },
  120_000,
)

test('who left is not folded for, and costs the next one nothing', async () => {
  const it = await pastOf(3)
  const { pool, reader } = it.store
  const { positions } = await reader.heads()
  const past = createPastStates({ pool, reader, log, layerEvents: 5 })
  await expect(past.at('default', positions, () => true)).rejects.toThrow('has left')
  await expectAsFolded(it, past, 'default', positions)
})

test('what is held is bounded, and forgotten by who was asked for longest ago', async () => {
  const it = await pastOf(8)
  const { pool, reader } = it.store
  const { positions } = await reader.heads()
  const past = createPastStates({ pool, reader, log, layerEvents: 5, mostRows: 80 })
  for (const share of [0.9, 0.1, 0.5, 1, 0.7])
    for (const tenant of tenants)
      await past.at(
        tenant,
        positions.map((head) => Math.floor(head * share)),
      )
  expect(past.size()).toBeLessThan(400)
})
