/** Snapshots of the fold for state feeds. A storm of readers is one query: all who ask while it runs, or shortly after, share it. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'
import type { Clock } from '../clock.ts'
import type { LogReader } from '../store/store.ts'
import { nextTurn } from '../turns.ts'
import { filterKey } from './filter.ts'
import { createTurns } from './pace.ts'
import { textWire } from './ring.ts'

export interface Snapshot {
  readonly positions: readonly number[]
  /** Wire text of every row. */
  readonly wires: readonly string[]
  readonly truncated: readonly Table[]
}

/** A snapshot this old is as good: deltas after it bring its reader up. */
const shareMs = 1_000
/** Read from the store at one time: readers with many different filters leave it to others too. */
const storeReads = 2
/** Rows made text in one turn of the loop. */
const rowsPerTurn = 1_000

export function createSnapshots(reader: LogReader, clock: Clock): (tenant: TenantId, filter: Filter) => Promise<Snapshot> {
  const shared = new Map<string, Promise<Snapshot>>()
  const turns = createTurns(storeReads)
  const read = async (tenant: TenantId, filter: Filter): Promise<Snapshot> => {
    const { heads, rows, truncated } = await turns(() => reader.snapshot({ tenant, filter }))
    const wires: string[] = []
    for (const row of rows) {
      wires.push(textWire(row))
      if (wires.length % rowsPerTurn === 0) await nextTurn()
    }
    return { positions: heads.positions, wires, truncated }
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
