/** What one request may make of its bytes: nesting that ends, and objects that fit in memory however few bytes each takes on the wire. */
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import { Refused } from '../../http/problem.ts'

/** One item cannot be taken, for ever; the others of its request can. */
export class Unfit extends Error {
  readonly code: RefusalCode
  constructor(message: string, code: RefusalCode = 'INVALID_EVENT') {
    super(message)
    this.code = code
  }
}

/** Levels of an attribute's value: more than an event's data may have. */
const mostLevels = 64
/** Spans, log records or data points of one request. */
const mostItems = 100_000
/** Lists, key-value lists, events and links of one request: empty ones take two bytes each. */
const mostObjects = 500_000

export interface Bounds {
  /** Enters one more level of a value. */
  deeper(): void
  shallower(): void
  /** After an item that was left half-way. */
  atTop(): void
  object(): void
  item(): void
}

export function createBounds(): Bounds {
  let level = 0
  let objects = 0
  let items = 0
  return {
    deeper() {
      level += 1
      if (level > mostLevels) throw new Unfit(`A value is nested deeper than ${mostLevels} levels.`, 'TOO_DEEP')
    },
    shallower() {
      level -= 1
    },
    atTop() {
      level = 0
    },
    object() {
      objects += 1
      if (objects > mostObjects)
        throw new Refused({ code: 'BATCH_TOO_LARGE', detail: `The request has more than ${mostObjects} lists, events and links.` })
    },
    item() {
      items += 1
      if (items > mostItems)
        throw new Refused({ code: 'BATCH_TOO_LARGE', detail: `The request has more than ${mostItems} spans, log records or data points.` })
    },
  }
}
