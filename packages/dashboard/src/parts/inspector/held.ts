/** Rows as the inspector knows them: of the run whose page is shown, which has its ended calls and tasks, else those of the page. */
import { type CallRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { useMemo, useSyncExternalStore } from 'react'
import { useRow } from '../../live/live.ts'
import { useShownRun } from '../../live/run.ts'

export function useHeld<T extends Table>(table: T, key: string | undefined): RowOf[T] | undefined {
  const { store, older } = useShownRun()
  const ofRun = useSyncExternalStore(
    (listener) => (key === undefined ? () => {} : (store?.watchKey(table, key, listener) ?? (() => {}))),
    () => (key === undefined ? undefined : store?.get(table, key)),
  )
  const ofPage = useRow(table, key)
  const old = table === tables[3] && key !== undefined ? (older?.get(key) as RowOf[T] | undefined) : undefined
  return ofRun ?? ofPage ?? old
}

interface Spend {
  readonly calls: number
  readonly errors: number
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  readonly costMicros: number
}

/** What the calls that name the task took, as far as the page has them: undefined where its run is not shown. */
export function useTaskSpend(run: string | undefined, task: string): Spend | undefined {
  const { store, older } = useShownRun()
  const version = useSyncExternalStore(
    (listener) => store?.watchTable('calls', listener) ?? (() => {}),
    () => store?.version('calls') ?? 0,
  )
  return useMemo(() => {
    void version
    if (store === undefined) return undefined
    const sum = { calls: 0, errors: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, costMicros: 0 }
    const add = ({ run: of, task: named, outcome, usage }: CallRow) => {
      if (named !== task || of !== run) return
      sum.calls += 1
      sum.errors += outcome === 'failed' ? 1 : 0
      sum.inputTokens += usage.inputTokens
      sum.cachedTokens += usage.cacheReadTokens
      sum.outputTokens += usage.outputTokens
      sum.costMicros += usage.costMicros
    }
    for (const call of store.all('calls')) add(call)
    for (const [key, call] of older ?? []) if (store.get('calls', key) === undefined) add(call)
    return sum
  }, [store, older, version, run, task])
}
