/** Snapshots of the fold for state feeds. A storm of readers is one query: all who ask while it runs, or shortly after, share it. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { Clock } from '../clock.ts'
import type { LogReader } from '../store/store.ts'
import { filterKey, matchesRow } from './filter.ts'
import { rowWire } from './ring.ts'

export interface Snapshot {
  readonly positions: readonly number[]
  /** Wire text of every row. */
  readonly wires: readonly string[]
}

/** A snapshot this old is as good: deltas after it bring its reader up. */
const shareMs = 1_000

export function createSnapshots(reader: LogReader, clock: Clock): (tenant: TenantId, filter: Filter) => Promise<Snapshot> {
  const shared = new Map<string, Promise<Snapshot>>()
  const read = async (tenant: TenantId, filter: Filter): Promise<Snapshot> => {
    const { heads, rows } = await reader.snapshot({ tenant, filter })
    return { positions: heads.positions, wires: rows.filter(({ table, row }) => matchesRow(filter, table, row)).map(rowWire) }
  }
  return (tenant, filter) => {
    const key = JSON.stringify([tenant, filterKey(filter)])
    const held = shared.get(key)
    if (held !== undefined) return held
    const made = read(tenant, filter)
    shared.set(key, made)
    const forget = () => shared.delete(key)
    made.then(() => clock.after(shareMs, forget), forget)
    return made
  }
}
