/** Where in the log a moment is. */
import { Refused } from '../http/problem.ts'
import { decodeCursor } from '../live/cursor.ts'
import type { Heads } from '../store/store.ts'
import type { ApiOptions } from './routes.ts'
import { positionsAt } from './state.ts'
import { instantOf } from './time.ts'

export interface Place {
  /** Epoch ms; of a cursor, now. */
  readonly instant: number
  readonly positions: readonly number[]
}

export function timeOf(name: string, text: string, isNot = 'no RFC 3339 time'): number {
  const time = instantOf(text)
  if (Number.isNaN(time)) throw new Refused({ code: 'BAD_REQUEST', detail: `The parameter "${name}" is ${isNot}.` })
  return time
}

export async function placeOf({ store, now }: Pick<ApiOptions, 'store' | 'now'>, heads: Heads, at: string | undefined): Promise<Place> {
  const { pool, meta } = store
  const asked = at === undefined ? heads : decodeCursor(at)
  const instant = asked === undefined ? timeOf('at', at ?? '', 'neither a live cursor nor an RFC 3339 time') : now()
  const isOurs = asked === undefined || asked.epoch === meta.epoch || meta.formerEpochs.includes(asked.epoch)
  if (!isOurs || (asked !== undefined && asked.positions.length !== meta.partitions))
    throw new Refused({ code: 'BAD_CURSOR', detail: 'The cursor is of another log, or of this one before a restore.' })
  const wanted = asked?.positions ?? (await positionsAt(pool, meta.partitions, instant))
  return { instant, positions: heads.positions.map((head, i) => Math.min(head, wanted[i] ?? 0)) }
}
