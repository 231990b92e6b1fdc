/** What a reader holds and checks of the frames it takes, over any transport, and what it should come to. */
import type { Filter, LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState, type LiveState } from '@signalbox/model/live-state.ts'
import { type Table, tables } from '@signalbox/model/rows.ts'
import type { LogReader } from '../store/store.ts'

/** A state in an order of its own, to compare. */
export const shown = (state: { all(table: Table): Iterable<readonly [string, unknown]> }) =>
  Object.fromEntries(tables.map((table) => [table, Object.fromEntries([...state.all(table)].sort(([a], [b]) => (a < b ? -1 : 1)))]))

/** What a reader with this filter should come to: the state of a snapshot taken now. */
export async function dueState({ reader }: { readonly reader: LogReader }, filter: Filter = {}) {
  const found = await reader.snapshot({ tenant: 'default', filter })
  const rows = found.rows.map(({ json, ...place }): LiveRow => ({ ...place, row: JSON.parse(json) as LiveRow['row'] }))
  const state = createLiveState()
  state.apply({ kind: 'snapshot', sub: '', cursor: '', rows, last: true })
  return shown(state)
}

/** Frames that did not continue the one before, of every taker: tests expect none. */
export const discontinuities: string[] = []

/** Takes frames as a client must: checks that each continues the one before, and keeps what they say. */
export interface Taker {
  readonly frames: ServerFrame[]
  readonly state: LiveState
  /** Position by partition of every event, in the order received. */
  readonly received: readonly (readonly [number, number])[]
  readonly cursor: () => string | undefined
  take(frame: ServerFrame): void
  /** Resolves when `is` holds, at once or after a later frame. */
  until(is: (taker: Taker) => boolean): Promise<void>
}

export function createTaker(cursor?: string, state: LiveState = createLiveState()): Taker {
  const waiting = new Set<() => void>()
  let held = cursor
  const received: (readonly [number, number])[] = []
  const taker: Taker = {
    frames: [],
    state,
    received,
    cursor: () => held,
    take(frame) {
      taker.frames.push(frame)
      if ('from' in frame && held !== undefined && frame.from !== held) discontinuities.push(JSON.stringify(taker.frames.slice(-2)))
      if (frame.kind === 'subscribed') held ??= frame.cursor
      if ('cursor' in frame && frame.kind !== 'subscribed' && (frame.kind !== 'snapshot' || frame.last)) held = frame.cursor
      if (frame.kind === 'events') for (const { partition, position } of frame.items) received.push([partition, position])
      state.apply(frame)
      for (const look of waiting) look()
    },
    until: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (!is(taker)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
  return taker
}
