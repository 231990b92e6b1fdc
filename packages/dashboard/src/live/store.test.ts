import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import type { AgentRow, Table, TaskRow } from '@signalbox/model/rows.ts'
import { expect, test, vi } from 'vitest'
import { createLiveStore } from './store.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const agent = (id: string, events: number): AgentRow => ({
  id,
  firstSeenAt: 1,
  lastSeenAt: 1,
  lastReceivedAt: 1,
  events,
  totals: emptyTotals,
  inFlight: [],
})
const task = (state: TaskRow['state']): TaskRow => ({
  id: 't',
  run: 'r',
  state,
  openedAt: 1,
  updatedAt: 1,
  contradicted: 0,
  history: [],
})
const delta = (...rows: AgentRow[]): ServerFrame => ({
  kind: 'delta',
  sub: 's',
  from: 'a',
  cursor: 'b',
  rows: rows.map((row) => ({ table: 'agents', partition: 0, key: row.id, position: row.events, row })),
})

test('many frames are one flush, and only watchers of what changed are told', () => {
  let flush = () => {}
  const schedule = vi.fn((run: () => void) => {
    flush = run
  })
  const store = createLiveStore(schedule)
  const one = vi.fn()
  const two = vi.fn()
  const all = vi.fn()
  store.watchKey('agents', 'w1', one)
  store.watchKey('agents', 'w2', two)
  store.watchTable('agents', all)
  for (let i = 1; i <= 100; i += 1) store.push(delta(agent('w1', i)))
  expect(schedule).toHaveBeenCalledTimes(1)
  expect(store.get('agents', 'w1')).toBeUndefined()
  flush()
  expect(store.get('agents', 'w1')?.events).toBe(100)
  expect([one.mock.calls.length, two.mock.calls.length, all.mock.calls.length]).toEqual([1, 0, 1])
})

test('while no animation frame comes, as in a hidden page, what waits is bounded', () => {
  const schedule = vi.fn()
  const store = createLiveStore(schedule)
  for (let i = 1; i <= 1_000; i += 1) store.push(delta(agent('w1', i)))
  expect(1_000 - (store.get('agents', 'w1')?.events ?? 0)).toBeLessThan(256)
  expect(schedule).toHaveBeenCalledTimes(1)
})

test('a row that did not change keeps its identity, and so does the list', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  store.push(delta(agent('w1', 1), agent('w2', 1)))
  flush()
  const before = store.get('agents', 'w2')
  const list = store.all('agents')
  expect(store.all('agents')).toBe(list)
  store.push(delta(agent('w1', 2)))
  flush()
  expect(store.get('agents', 'w2')).toBe(before)
  expect(store.all('agents')).not.toBe(list)
})

test('a new snapshot forgets what is not in it', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  store.push(delta(agent('gone', 1)))
  store.push({
    kind: 'snapshot',
    sub: 's',
    cursor: 'c',
    last: true,
    rows: [{ table: 'agents', partition: 0, key: 'w1', position: 1, row: agent('w1', 1) }],
  })
  flush()
  expect(store.all('agents').map(({ id }) => id)).toEqual(['w1'])
  expect(store.ready()).toBe(true)
})

test('a snapshot is shown once it is whole; until then, and after a resync, what was there stays', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  const page = (cursor: string, last: boolean, ...ids: string[]): ServerFrame => ({
    kind: 'snapshot',
    sub: 's',
    cursor,
    last,
    rows: ids.map((id) => ({ table: 'agents', partition: 0, key: id, position: 1, row: agent(id, 1) })),
  })
  const ids = () => store.all('agents').map(({ id }) => id)
  const push = (...frames: ServerFrame[]) => {
    for (const frame of frames) store.push(frame)
    flush()
  }
  push(page('a', false, 'w1'))
  expect([ids(), store.ready()]).toEqual([[], false])
  push(page('a', true, 'w2'))
  expect([ids(), store.ready()]).toEqual([['w1', 'w2'], true])
  push({ kind: 'resync', sub: 's', cursor: 'b', reason: 'epoch' }, page('b', false, 'w3'))
  expect(ids()).toEqual(['w1', 'w2'])
  // The connection broke; the next snapshot begins anew.
  push(page('c', false, 'w4'), page('c', true, 'w5'))
  expect(ids()).toEqual(['w4', 'w5'])
})

test('a frozen store takes in what comes and shows it when it thaws', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  const taskDelta = (state: TaskRow['state']): ServerFrame => ({
    ...(delta() as ServerFrame & { readonly kind: 'delta' }),
    rows: [{ table: 'tasks', partition: 3, key: 'r\u001ft', position: 1, row: task(state) }],
  })
  store.push(delta(agent('w1', 1)))
  store.push(taskDelta('working'))
  flush()
  const told = vi.fn()
  const held = vi.fn()
  store.watchKey('agents', 'w1', told)
  store.freeze(held)
  store.push(delta(agent('w1', 2), agent('w2', 1)))
  flush()
  store.push(delta(agent('w1', 3)))
  store.push(taskDelta('failed'))
  flush()
  expect(store.get('agents', 'w1')?.events).toBe(1)
  expect(store.get('tasks', 'r\u001ft')?.state).toBe('working')
  expect(store.all('agents').map(({ id }) => id)).toEqual(['w1'])
  expect([told.mock.calls.length, held.mock.lastCall]).toEqual([0, [4]])
  store.thaw()
  expect(store.get('agents', 'w1')?.events).toBe(3)
  expect(store.all('agents').map(({ id }) => id)).toEqual(['w1', 'w2'])
  expect(told).toHaveBeenCalledTimes(1)
})

test('however long a view is frozen, what came and went meanwhile leaves nothing behind', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  store.push(delta(agent('w1', 1)))
  flush()
  const told = vi.fn()
  const other = vi.fn()
  store.watchKey('agents', 'w1', told)
  store.watchKey('tasks', 'r\u001ft', other)
  store.freeze(() => {})
  const heldBytes = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = heldBytes()
  for (let i = 0; i < 20_000; i += 1) {
    // A thousand characters each.
    const id = String(i).padStart(1_000, 'x')
    store.push(delta(agent(id, 1)))
    store.push({ ...(delta() as ServerFrame & { readonly kind: 'delta' }), removed: [{ table: 'agents', partition: 0, key: id }] })
    flush()
  }
  expect(heldBytes() - before).toBeLessThan(4_000_000)
  expect(told).not.toHaveBeenCalled()
  store.thaw()
  // Which rows changed is not known any more, only of which table.
  expect([told.mock.calls.length, other.mock.calls.length]).toEqual([1, 0])
})

test('what is applied can be kept with its cursor, and shown by another store', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  expect(store.snapshot()).toBeUndefined()
  store.push({ kind: 'snapshot', sub: 's', cursor: 'a', rows: [], last: true })
  flush()
  expect(store.snapshot()).toEqual({ cursor: 'a', rows: [], truncated: [] })
  store.push(delta(agent('w1', 3)))
  expect(store.snapshot()?.cursor).toBe('a')
  flush()
  store.push({ kind: 'heartbeat', sub: 's', from: 'b', cursor: 'c', serverTime: 0 })
  flush()
  const kept = store.snapshot()
  expect(kept).toMatchObject({ cursor: 'c', rows: [{ table: 'agents', key: 'w1', partition: 0 }] })
  const other = createLiveStore((run) => run())
  other.push({ kind: 'snapshot', sub: '', cursor: kept?.cursor ?? '', rows: kept?.rows ?? [], last: true })
  expect(other.get('agents', 'w1')?.events).toBe(3)
})

test('which tables are not whole is told with the last page of a snapshot, and holds until another one', () => {
  let flush = () => {}
  const store = createLiveStore((run) => {
    flush = run
  })
  const page = (cursor: string, last: boolean, truncated?: readonly Table[]): ServerFrame => ({
    ...{ kind: 'snapshot', sub: 's', cursor, last, rows: [] },
    ...(truncated === undefined ? {} : { truncated }),
  })
  const push = (...frames: ServerFrame[]) => {
    for (const frame of frames) store.push(frame)
    flush()
  }
  const told = vi.fn()
  store.watchTable('agents', told)
  const whole = store.truncated()
  expect(whole).toEqual([])
  push(page('a', false))
  expect([store.truncated(), told.mock.calls.length]).toEqual([[], 0])
  push(page('a', true, ['agents', 'runs']))
  expect([store.truncated(), told.mock.calls.length]).toEqual([['agents', 'runs'], 1])
  push(delta(agent('w1', 1)), { kind: 'resync', sub: 's', cursor: 'b', reason: 'epoch' }, page('b', false))
  expect(store.truncated()).toEqual(['agents', 'runs'])
  expect(store.snapshot()?.truncated).toEqual(['agents', 'runs'])

  // What is frozen goes with the rows that are shown.
  store.freeze(() => {})
  push(page('b', true))
  expect(store.truncated()).toEqual(['agents', 'runs'])
  told.mockClear()
  store.thaw()
  expect([store.truncated(), told.mock.calls.length]).toEqual([[], 1])
  expect(store.truncated()).toBe(whole)
  push(page('c', true, []))
  expect(store.truncated()).toBe(whole)
})
