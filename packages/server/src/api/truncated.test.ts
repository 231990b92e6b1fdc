/** A fleet of more agents and runs than a reader is sent: it gets those that changed last, and is told, now and of the past. */
import type { LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Truncated {
  readonly truncated?: readonly Table[]
}
interface State extends Truncated {
  readonly agents: readonly { readonly id: string }[]
  readonly runs: readonly { readonly id: string }[]
  readonly tasks: readonly { readonly id: string }[]
}

const clock = createFakeClock(Date.UTC(2026, 4, 20, 12))
const mostRows = 3
let api: TestApi
/** Before the last two agents acted, and before there were more than three. */
let earlier: string
let whole: string

const isoNow = () => new Date(clock.now()).toISOString()
async function act(agent: string, more: { readonly type: string; readonly task?: string } = { type: 'log' }) {
  await api.send([{ source: 's', time: isoNow(), agent, run: `run of ${agent}`, data: {}, ...more }])
  await api.get('/v1/agents')
  clock.advance(1_000)
}

beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_STATE_ROWS: String(mostRows), SIGNALBOX_PARTITIONS: '1' }, { clock })
  for (const agent of ['w0', 'w1']) await act(agent)
  whole = new Date(clock.now() - 1).toISOString()
  for (const agent of ['w2', 'w3']) await act(agent, { type: 'task.started', task: `task of ${agent}` })
  earlier = new Date(clock.now() - 1).toISOString()
  await act('w4')
  await act('w0')
})
afterAll(async () => {
  await api.stop()
  await stopDatabases()
})

const keysOf = (rows: readonly LiveRow[], table: Table) => rows.flatMap((row) => (row.table === table ? [row.key] : [])).sort()

async function snapshotOf(query: string) {
  const { body } = await api.get<{ frames: readonly ServerFrame[] }>(`/v1/poll?feed=state${query}`)
  const pages = body.frames.filter((frame) => frame.kind === 'snapshot')
  return { rows: pages.flatMap(({ rows }) => rows), truncated: pages.at(-1)?.truncated }
}

test('a snapshot of the fleet has what changed last, and names what it lacks', async () => {
  const { rows, truncated } = await snapshotOf('')
  expect(keysOf(rows, 'agents')).toEqual(['w0', 'w3', 'w4'])
  expect(keysOf(rows, 'runs')).toEqual(['run of w0', 'run of w3', 'run of w4'])
  expect(keysOf(rows, 'tasks')).toHaveLength(2)
  expect(truncated).toEqual(['agents', 'runs'])
  expect(await (await fetch(`${api.url}/metrics`)).text()).toMatch(/^signalbox_live_truncated_snapshots_total 1$/m)
})

test('what was left out is sent to whoever asks for it, and again to all once it changes', async () => {
  const { rows, truncated } = await snapshotOf('&run=run+of+w1')
  expect([keysOf(rows, 'agents'), keysOf(rows, 'runs')]).toEqual([['w1'], ['run of w1']])
  expect(truncated).toBeUndefined()
})

test('of two partitions each has its own newest', async () => {
  const other = await startTestApi({ SIGNALBOX_STATE_ROWS: '2', SIGNALBOX_PARTITIONS: '2' }, { clock })
  try {
    const agents = Array.from({ length: 12 }, (_, i) => `w${i}`)
    for (const agent of agents) await other.send([{ source: 's', time: isoNow(), type: 'log', agent, run: `run of ${agent}`, data: {} }])
    const { body } = await other.get<{ frames: readonly ServerFrame[] }>('/v1/poll?feed=state')
    const rows = body.frames.flatMap((frame) => (frame.kind === 'snapshot' ? frame.rows : []))
    for (const partition of [0, 1]) {
      const { rows: newest } = await other.pool.query<{ key: string }>(
        "select key from projections where tbl = 'runs' and partition = $1 order by position desc limit 2",
        [partition],
      )
      const own = rows.filter((row) => row.partition === partition)
      expect(keysOf(own, 'runs')).toEqual(newest.map(({ key }) => key).sort())
    }
  } finally {
    await other.stop()
  }
})

test('so is a moment of the past, and what differs from another', async () => {
  const then = await api.get<{ cursor: string; rows: readonly LiveRow[] } & Truncated>(`/v1/state/rows?at=${earlier}`)
  expect(keysOf(then.body.rows, 'agents')).toEqual(['w1', 'w2', 'w3'])
  expect(then.body.truncated).toEqual(['agents', 'runs'])
  const now = await api.get<{ rows: readonly LiveRow[]; removed: readonly LiveRow[] } & Truncated>(
    `/v1/state/rows?at=${isoNow()}&since=${then.body.cursor}`,
  )
  expect([keysOf(now.body.rows, 'agents'), keysOf(now.body.removed, 'agents')]).toEqual([
    ['w0', 'w4'],
    ['w1', 'w2'],
  ])
  expect(now.body.truncated).toEqual(['agents', 'runs'])
  // Of one that was whole all is told.
  const first = await api.get<{ cursor: string } & Truncated>(`/v1/state/rows?at=${whole}`)
  expect(first.body.truncated).toBeUndefined()
  const { body } = await api.get<{ since?: string; rows: readonly LiveRow[] }>(`/v1/state/rows?at=${earlier}&since=${first.body.cursor}`)
  expect([body.since, keysOf(body.rows, 'agents')]).toEqual([undefined, ['w1', 'w2', 'w3']])
})

test('and the state, which has all that is of one run', async () => {
  const { body } = await api.get<State>(`/v1/state?at=${earlier}`)
  expect(body.agents.map(({ id }) => id).sort()).toEqual(['w1', 'w2', 'w3'])
  expect(body.truncated).toEqual(['agents', 'runs'])
  const { body: run } = await api.get<State>('/v1/state?run=run%20of%20w1')
  expect([run.agents.map(({ id }) => id), run.runs.map(({ id }) => id), run.truncated]).toEqual([['w1'], ['run of w1'], undefined])
})
