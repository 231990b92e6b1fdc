import { expect, test } from 'vitest'
import { applyEvent } from './fold/fold.ts'
import type { LiveRow, ServerFrame } from './live.ts'
import { createLiveState } from './live-state.ts'
import type { RowOf, Table } from './rows.ts'

/** Rows that one event of a task without a run makes in a partition. */
function rowsOf(partition: number, agent: string): LiveRow[] {
  const rows = new Map<string, LiveRow>()
  applyEvent(
    {
      get: <T extends Table>(table: T, key: string) => rows.get(`${table} ${key}`)?.row as RowOf[T] | undefined,
      set: (table, key, row) => void rows.set(`${table} ${key}`, { table, key, row, partition, position: 1 }),
    },
    {
      id: `0199e0b0-0000-7000-8000-00000000000${partition}`,
      tenant: 'default',
      source: 'test',
      type: 'task.started',
      time: 1_000,
      agent,
      task: 'index',
      data: {},
      dataJson: '{}',
      partition,
      position: 1,
      receivedAt: 1_000,
    },
  )
  return [...rows.values()]
}

const delta = (rows: readonly LiveRow[], removed: readonly LiveRow[] = []): ServerFrame => ({
  kind: 'delta',
  sub: 's',
  from: 'a',
  cursor: 'b',
  rows,
  removed: removed.map(({ table, key, partition }) => ({ table, key, partition })),
})

test('tasks of one name without a run, in two partitions, are two rows: one that leaves does not take the other with it', () => {
  const [first, second] = [rowsOf(0, 'a'), rowsOf(1, 'b')]
  const tasks = (rows: readonly LiveRow[]) => rows.filter(({ table }) => table === 'tasks')
  const key = tasks(first)[0]?.key ?? ''
  expect(tasks(second)[0]?.key).toBe(key)
  const state = createLiveState()
  expect(state.apply(delta([...first, ...second])).get('tasks')).toEqual(new Set([key]))
  expect(state.size('tasks')).toBe(2)
  expect([...state.all('tasks')].map(([, { assignee }]) => assignee?.value)).toEqual(['a', 'b'])
  expect(state.apply(delta([], tasks(first))).get('tasks')).toEqual(new Set([key]))
  expect(state.get('tasks', key)?.assignee?.value).toBe('b')
  expect(state.apply(delta([], tasks(first)))).toEqual(new Map())
  expect(state.apply({ kind: 'resync', sub: 's', cursor: 'c', reason: 'epoch' }).get('tasks')).toEqual(new Set([key]))
  expect([state.size('tasks'), state.size('agents')]).toEqual([0, 0])
})

test('its rows, read as one snapshot, make the same state: agents of two partitions too', () => {
  const state = createLiveState()
  state.apply(delta([...rowsOf(0, 'a'), ...rowsOf(1, 'a'), ...rowsOf(1, 'b')]))
  const again = createLiveState()
  again.apply({ kind: 'snapshot', sub: 's', cursor: 'b', rows: state.rows(), last: true })
  expect([...again.all('agents')]).toEqual([...state.all('agents')])
  expect([...again.all('tasks')]).toEqual([...state.all('tasks')])
  again.apply(delta([], state.rows()))
  expect([again.rows(), again.size('agents'), state.size('agents')]).toEqual([[], 0, 2])
})
