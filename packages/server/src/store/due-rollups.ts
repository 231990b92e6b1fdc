/** What a partition's commits add to the figures of minutes and that is not written yet. */
import type { EpochMs, LoggedText, TenantId } from '@signalbox/model/event.ts'
import {
  bucketOf,
  callMeasure,
  durationBuckets,
  type Measure,
  minuteOf,
  others,
  type RollupKind,
  taskMeasure,
} from '@signalbox/model/rollup.ts'
import type { CallRow, RowOf, Table, TaskRow } from '@signalbox/model/rows.ts'
import type { RollupWrite } from './rollups-write.ts'

/** A row that changed, beside what it was before; undefined: there was none. */
interface Changed {
  readonly tenant: TenantId
  readonly table: Table
  readonly row: RowOf[Table]
  readonly was?: RowOf[Table] | undefined
}

export interface DueRollups {
  /** What a commit's events and rows count. */
  add(rows: readonly Changed[], events: readonly Pick<LoggedText, 'tenant' | 'type' | 'time' | 'agent'>[]): void
  /** All that is due; from here on nothing is. */
  take(): readonly RollupWrite[]
}

/** Told apart in one minute of one tenant, in one partition. */
const mostKeys = 5_000
/** Minutes whose keys are known: of a late event's minute as many are told apart again. */
const mostMinutes = 64

/** One tenant's minute. */
interface Minute {
  readonly tenant: TenantId
  readonly minute: EpochMs
  readonly byKey: Map<string, RollupWrite>
  /** Every key that was told apart, also those that are written. */
  readonly known: Set<string>
}

export function createDueRollups(): DueRollups {
  /** In order of first use. */
  let minutes = new Map<string, Minute>()
  let newest: Minute | undefined

  function minuteFor(tenant: TenantId, minute: EpochMs): Minute {
    if (newest?.minute === minute && newest.tenant === tenant) return newest
    const key = `${minute}\u0000${tenant}`
    const held = minutes.get(key) ?? { tenant, minute, byKey: new Map(), known: new Set() }
    minutes.set(key, held)
    newest = held
    return held
  }

  function rollupFor(of: Minute, kind: RollupKind, agent: string, name: string): RollupWrite {
    const key = `${kind}\u0000${agent}\u0000${name}`
    const held = of.byKey.get(key)
    if (held !== undefined) return held
    if (!of.known.has(key) && agent !== others) {
      if (of.known.size >= mostKeys) return rollupFor(of, kind, others, kind === 'type' ? others : '')
      of.known.add(key)
    }
    const made: RollupWrite = {
      ...{ tenant: of.tenant, minute: of.minute, kind, agent, name },
      ...{ calls: 0, failed: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costMicros: 0, durationMs: 0, durations: undefined },
    }
    of.byKey.set(key, made)
    return made
  }

  function count(tenant: TenantId, measure: Measure | undefined, sign: 1 | -1) {
    if (measure === undefined) return
    const to = rollupFor(minuteFor(tenant, measure.minute), measure.kind, measure.agent, measure.name)
    to.calls += sign
    if (measure.failed) to.failed += sign
    to.inputTokens += sign * measure.inputTokens
    to.outputTokens += sign * measure.outputTokens
    to.cachedTokens += sign * measure.cachedTokens
    to.costMicros += sign * measure.costMicros
    if (measure.durationMs === undefined) return
    to.durationMs += sign * measure.durationMs
    to.durations ??= Array.from({ length: durationBuckets }, () => 0)
    const bucket = bucketOf(measure.durationMs)
    to.durations[bucket] = (to.durations[bucket] ?? 0) + sign
  }

  return {
    add(rows, events) {
      for (const { tenant, table, row, was } of rows) {
        if (table === 'calls') {
          count(tenant, callMeasure(was as CallRow | undefined), -1)
          count(tenant, callMeasure(row as CallRow), 1)
        } else if (table === 'tasks') {
          count(tenant, taskMeasure(was as TaskRow | undefined), -1)
          count(tenant, taskMeasure(row as TaskRow), 1)
        }
      }
      for (const { tenant, type, time, agent } of events) {
        const minute = minuteFor(tenant, minuteOf(time))
        rollupFor(minute, 'event', agent ?? '', '').calls += 1
        rollupFor(minute, 'type', '', type).calls += 1
      }
    },
    take() {
      const due = [...minutes.values()].flatMap(({ byKey }) => [...byKey.values()]).filter(isSomething)
      const kept = [...minutes].sort(([, a], [, b]) => b.minute - a.minute).slice(0, mostMinutes)
      minutes = new Map(kept)
      for (const { byKey } of minutes.values()) byKey.clear()
      newest = undefined
      return due
    },
  }
}

const isSomething = (of: RollupWrite) =>
  of.calls !== 0 ||
  of.failed !== 0 ||
  of.inputTokens !== 0 ||
  of.outputTokens !== 0 ||
  of.cachedTokens !== 0 ||
  of.costMicros !== 0 ||
  of.durationMs !== 0 ||
  of.durations !== undefined
