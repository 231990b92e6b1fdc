/** Reading the past over the socket: rows of a moment, the timeline, steps, and lists as of then. */
import type { EventInput, StoredEvent } from '@signalbox/model/event.ts'
import type { LiveRow } from '@signalbox/model/live.ts'
import { createLiveState } from '@signalbox/model/live-state.ts'
import { type AgentRow, type RunRow, type Table, type TaskRow, tables } from '@signalbox/model/rows.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createKeys } from '../ops/auth.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Rows {
  readonly cursor: string
  readonly at: string
  readonly rows: readonly LiveRow[]
}
interface Difference extends Rows {
  readonly since?: string
  readonly removed?: readonly { readonly table: Table; readonly key: string; readonly partition: number }[]
}
interface Timeline {
  readonly oldest: string | null
  readonly step: number
  readonly buckets: readonly { time: string; events: number; errors: number; delegations: number }[]
  readonly marks: readonly { time: string; kind: string; agent?: string; task?: string; event: string }[]
  readonly truncated: boolean
  readonly looked: number
}
interface Step {
  readonly event?: StoredEvent
  readonly truncated: boolean
}

const minuteMs = 60_000
const start = Date.UTC(2026, 4, 20, 12)
const clock = createFakeClock(start)
const iso = (minute: number) => new Date(start + minute * minuteMs).toISOString()
let api: TestApi

/** What happens in each minute, of one run and another. */
const acts: readonly (readonly Omit<EventInput, 'source' | 'time'>[])[] = [
  [{ type: 'agent.started', agent: 'boss', run: 'alpha', data: { role: 'manager' } }],
  [
    { type: 'task.created', agent: 'boss', run: 'alpha', task: 't1', data: { title: 'One', assignee: 'w1' } },
    { type: 'tool.started', agent: 'w1', run: 'alpha', task: 't1', data: { call: 'c1', name: 'grep' } },
  ],
  [{ type: 'tool.failed', agent: 'w1', run: 'alpha', task: 't1', data: { call: 'c1', error: 'no such file' } }],
  [{ type: 'log', agent: 'w9', run: 'beta', data: { text: 'elsewhere' } }],
  [{ type: 'task.failed', agent: 'w1', run: 'alpha', task: 't1', data: { error: 'gave up' } }],
  [{ type: 'agent.status', agent: 'w9', run: 'beta', data: { status: 'stuck' } }],
  [{ type: 'run.failed', agent: 'boss', run: 'alpha' }],
]

beforeAll(async () => {
  api = await startTestApi({}, { clock })
  for (const act of acts) {
    await api.send(act.map((event) => ({ source: 's', time: new Date(clock.now()).toISOString(), ...event })))
    // A list brings the rows up: a minute later nobody should think that they have no writer.
    await api.get('/v1/agents')
    clock.advance(minuteMs)
  }
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const rowsAt = async (at: string, more = '') => (await api.get<Rows>(`/v1/state/rows?at=${encodeURIComponent(at)}${more}`)).body
const held = ({ rows, cursor }: Rows) => {
  const state = createLiveState()
  state.apply({ kind: 'snapshot', sub: '', cursor, rows, last: true })
  return state
}

test('the rows of a moment are those that a state feed would have begun with', async () => {
  const early = held(await rowsAt(iso(0)))
  expect([early.size('agents'), early.size('tasks')]).toEqual([1, 0])
  const busy = held(await rowsAt(iso(1)))
  expect(busy.get('agents', 'w1')).toMatchObject({ inFlight: [{ name: 'grep' }] })
  expect([busy.size('calls'), busy.size('tasks')]).toEqual([1, 1])
  // Who gave what to whom is told of a run alone.
  expect(busy.size('edges')).toBe(0)
  const given = [...held(await rowsAt(iso(1), '&run=alpha')).all('edges')].map(([, edge]) => edge)
  expect(given).toMatchObject([{ kind: 'delegation', from: 'boss', to: 'w1', count: 1 }])
  // What ended is left out of the fleet, and is there for its run.
  const after = await rowsAt(iso(4))
  expect([held(after).size('calls'), held(after).size('tasks')]).toEqual([0, 0])
  const run = held(await rowsAt(iso(4), '&run=alpha'))
  expect([...run.all('calls')].map(([, call]) => call)).toMatchObject([{ outcome: 'failed', error: 'no such file' }])
  expect([...run.all('tasks')].map(([, task]) => task)).toMatchObject([{ id: 't1', state: 'failed' }])
  expect([...run.all('agents')].map(([id]) => id).sort()).toEqual(['boss', 'w1'])
  expect(held(await rowsAt(iso(-1))).size('agents')).toBe(0)
})

test('a cursor names the same moment as its time, and now is what the state feed begins with', async () => {
  const byTime = await rowsAt(iso(2))
  expect((await rowsAt(byTime.cursor)).rows).toEqual(byTime.rows)
  const { body } = await api.get<{ frames: (Rows & { kind: string })[] }>('/v1/poll?wait=0&feed=state')
  const snapshot = held(body.frames.find(({ kind }) => kind === 'snapshot') as Rows)
  const now = held(await rowsAt(iso(60)))
  for (const table of ['agents', 'runs', 'tasks', 'calls', 'edges'] as const)
    expect(new Map(now.all(table))).toEqual(new Map(snapshot.all(table)))
})

test('a task is told as it was at a moment, also one that had ended', async () => {
  const states = async (minute: number, more = '&run=alpha') =>
    (await rowsAt(iso(minute), `&task=t1${more}`)).rows.map(({ table, row }) => [table, (row as TaskRow).state])
  expect(await states(0)).toEqual([])
  expect(await states(3)).toEqual([['tasks', 'submitted']])
  expect(await states(4)).toEqual([['tasks', 'failed']])
  expect(await states(60)).toEqual([['tasks', 'failed']])
  expect(await states(60, '')).toEqual([])
})

test.each(['', '&run=alpha'])('going from moment to moment by what differs ends with what a seek would give%s', async (ofRun) => {
  const state = createLiveState()
  const first = await rowsAt(iso(0), ofRun)
  state.apply({ kind: 'snapshot', sub: '', cursor: first.cursor, rows: first.rows, last: true })
  let cursor = first.cursor
  // Forwards a minute at a time, back, and in leaps; one moment twice.
  for (const minute of [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0, 6, 6, -1, 3]) {
    const { body } = await api.get<Difference>(`/v1/state/rows?at=${iso(minute)}&since=${cursor}${ofRun}`)
    expect(body.since).toBe(cursor)
    state.apply({ kind: 'delta', sub: '', from: cursor, cursor: body.cursor, rows: body.rows, removed: body.removed ?? [] })
    cursor = body.cursor
    const wanted = held(await rowsAt(iso(minute), ofRun))
    for (const table of tables) expect(new Map(state.all(table)), `${table} at ${minute}`).toEqual(new Map(wanted.all(table)))
  }
  // What has not changed is not told again, and of a moment that the server does not know all is told.
  const again = (await api.get<Difference>(`/v1/state/rows?at=${iso(3)}&since=${cursor}${ofRun}`)).body
  expect([again.since, again.rows, again.removed]).toEqual([cursor, [], []])
  const unknown = (await api.get<Difference>(`/v1/state/rows?at=${iso(3)}&since=elsewhere${ofRun}`)).body
  expect(unknown.since).toBe(undefined)
  expect(unknown.rows).toEqual((await rowsAt(iso(3), ofRun)).rows)
})

test('what is no moment is refused', async () => {
  expect(await api.get('/v1/state/rows?at=yesterday')).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
  expect(await api.get('/v1/state/rows')).toMatchObject({ status: 400 })
  expect(await api.get('/v1/timeline?since=never')).toMatchObject({ status: 400 })
  expect(await api.get(`/v1/timeline?since=${iso(3)}&until=${iso(3)}`)).toMatchObject({ status: 400 })
  expect(await api.get('/v1/timeline?buckets=1001')).toMatchObject({ status: 400 })
  expect(await api.get('/v1/events/step?at=soon')).toMatchObject({ status: 400 })
  expect(await api.get('/v1/events?until=soon')).toMatchObject({ status: 400 })
  // Far away is a moment too.
  for (const at of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) {
    for (const path of [`/v1/state/rows?at=${at}`, `/v1/events/step?at=${at}`, `/v1/events?until=${at}`, `/v1/timeline?until=${at}`])
      expect((await api.get(path)).status, path).toBe(200)
  }
})

test('the timeline counts by commit time, and names what stands out', async () => {
  const { body } = await api.get<Timeline>(`/v1/timeline?since=${iso(-0.5)}&until=${iso(6.5)}&buckets=7`)
  expect(body).toMatchObject({ oldest: iso(0), step: minuteMs, truncated: false, looked: 1 })
  expect(body.buckets.map(({ events }) => events)).toEqual([1, 2, 1, 1, 1, 1, 1])
  expect(body.buckets.map(({ errors }) => errors)).toEqual([0, 0, 1, 0, 1, 1, 1])
  expect(body.buckets.map(({ delegations }) => delegations)).toEqual([0, 1, 0, 0, 0, 0, 0])
  expect(body.marks).toMatchObject([
    { time: iso(4), kind: 'failed', agent: 'w1', task: 't1', run: 'alpha' },
    { time: iso(5), kind: 'stuck', agent: 'w9' },
    { time: iso(6), kind: 'failed', agent: 'boss' },
  ])
  const ofRun = (await api.get<Timeline>(`/v1/timeline?since=${iso(-0.5)}&until=${iso(6.5)}&buckets=7&run=beta`)).body
  expect(ofRun.buckets.map(({ events }) => events)).toEqual([0, 0, 0, 1, 0, 1, 0])
  expect(ofRun.marks).toMatchObject([{ kind: 'stuck' }])
})

test('steps go to the next and the previous of a kind', async () => {
  const step = async (query: string) => (await api.get<Step>(`/v1/events/step?${query}`)).body
  expect((await step(`at=${iso(0)}&kind=error`)).event).toMatchObject({ type: 'tool.failed', receivedAt: iso(2) })
  expect((await step(`at=${iso(2)}&kind=error`)).event).toMatchObject({ type: 'task.failed' })
  expect((await step(`at=${iso(4)}&kind=error`)).event).toMatchObject({ type: 'agent.status' })
  expect((await step(`at=${iso(4)}&kind=error&run=alpha`)).event).toMatchObject({ type: 'run.failed' })
  expect(await step(`at=${iso(6)}&kind=error`)).toEqual({ truncated: false })
  expect((await step(`at=${iso(6)}&kind=error&direction=previous`)).event).toMatchObject({ type: 'agent.status' })
  expect((await step(`at=${iso(6)}&kind=delegation&direction=previous`)).event).toMatchObject({ type: 'task.created' })
  expect(await step(`at=${iso(1)}&kind=delegation`)).toEqual({ truncated: false })
  expect((await step(`at=${iso(2)}`)).event).toMatchObject({ type: 'log', agent: 'w9' })
})

test('the log as of a moment has what was committed by then', async () => {
  const types = async (query: string) => (await api.all<StoredEvent>(`/v1/events?${query}`, 2)).map(({ type }) => type)
  expect(await types(`until=${iso(2)}`)).toEqual(['tool.failed', 'tool.started', 'task.created', 'agent.started'])
  expect(await types(`until=${iso(2)}&run=alpha&order=desc`)).toEqual(['tool.failed', 'tool.started', 'task.created', 'agent.started'])
  expect(await types(`until=${iso(4)}&type=task.*`)).toEqual(['task.failed', 'task.created'])
  expect(await types(`until=${iso(-1)}`)).toEqual([])
})

test('nothing of another tenant is in it', async () => {
  const of = async (name: string) => {
    const { key } = await createKeys(api.pool).create(name, ['ingest', 'read'], name)
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    return {
      send: (events: readonly object[]) => fetch(`${api.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) }),
      ask: async <T>(path: string) => (await (await fetch(api.url + path, { headers })).json()) as T,
    }
  }
  const [crimson, azure] = [await of('crimson'), await of('azure')]
  const time = new Date(clock.now()).toISOString()
  const fleet = (whose: string) => [{ source: 's', type: 'task.failed', time, agent: whose, run: 'alpha', task: whose, data: { whose } }]
  await crimson.send(fleet('crimson'))
  await crimson.send(fleet('crimson'))
  await azure.send(fleet('azure'))
  clock.advance(minuteMs)
  const since = `since=${iso(6.5)}&until=${new Date(clock.now()).toISOString()}&buckets=1`
  for (const [who, own, other, count] of [
    [crimson, 'crimson', 'azure', 2],
    [azure, 'azure', 'crimson', 1],
  ] as const) {
    const at = `at=${new Date(clock.now()).toISOString()}`
    const rows = await who.ask<Rows>(`/v1/state/rows?${at}`)
    const run = await who.ask<Rows>(`/v1/state/rows?${at}&run=alpha`)
    const step = await who.ask<Step>(`/v1/events/step?${at}&direction=previous&kind=error`)
    const timeline = await who.ask<Timeline>(`/v1/timeline?${since}`)
    const events = await who.ask(`/v1/events?until=${new Date(clock.now()).toISOString()}`)
    expect((held(rows).get('agents', own) as AgentRow).id).toBe(own)
    expect((held(run).get('runs', 'alpha') as RunRow).events).toBe(count)
    expect(timeline.buckets).toMatchObject([{ events: count, errors: count }])
    for (const read of [rows, run, step, timeline, events].map((read) => JSON.stringify(read))) {
      expect(read).toContain(own)
      expect(read).not.toContain(other)
    }
  }
})
