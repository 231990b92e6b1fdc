/** One event as JSON: the fast path and the schema agree, and what is taken comes back from the wire as it was. */

import { fitsEnvelope } from '@signalbox/model/envelope.testing.ts'
import { limits as bounds } from '@signalbox/model/event.ts'
import { applyWhole, createRows } from '@signalbox/model/fold/fold.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import { createUsualEnvelopes } from '@signalbox/model/usual.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { fleetOf } from '../events.ts'
import { must, type Target, utf8 } from '../fuzz.ts'

const warm = createUsualEnvelopes()
const limits = { maxDepth: bounds.dataDepth, maxKeys: bounds.dataKeys, maxStringChars: bounds.stringChars }
const madeId = '01900000-0000-7000-8000-000000000000'
const parse = (value: unknown) => parseEvent(value, 'default', limits, () => madeId)

export const envelope: Target = {
  name: 'envelope',
  expects: ['taken', 'INVALID_EVENT', 'TOO_DEEP', 'KEY_FORBIDDEN', 'not JSON'],
  seeds: (dice) => {
    const [events = []] = fleetOf(dice, { producers: 1, runs: 3, events: 60, from: Date.UTC(2026, 1, 28, 10), name: 'seed' })
    const whole = events.map((event) => JSON.stringify(event))
    const [first = ''] = whole
    const withData = (data: string) => first.replace('"data":{', `"data":{${data},`)
    const deep = `"d":${'['.repeat(bounds.dataDepth)}1${']'.repeat(bounds.dataDepth)}`
    return [...whole, withData(deep), withData('"in":{"__proto__":1}'), withData('"n":1e400')].map(utf8)
  },
  check(input) {
    let value: unknown
    try {
      value = JSON.parse(Buffer.from(input).toString())
    } catch {
      return 'not JSON'
    }
    const isUsual = warm.is(value)
    const fits = fitsEnvelope(value)
    must(fits || !isUsual, 'what is usual, the schema takes too')
    if (fitsEnvelope(value)) warm.learn(value)

    const parsed = parse(value)
    if (!parsed.ok) {
      must(Object.hasOwn(refusals, parsed.code), `${parsed.code} is one of refusals.ts`)
      must(parsed.message.length > 0 && parsed.message.length < 2_000, 'the message is short')
      return parsed.code
    }
    must(fits, 'what is taken fits the schema')
    const logged = { ...parsed.event, partition: 0, position: 1, receivedAt: parsed.event.time }
    applyWhole(createRows(), logged)
    const { partition: _, position: __, receivedAt: ___, ...wire } = JSON.parse(toWire(logged)) as Record<string, unknown>
    const again = parse(wire)
    must(again.ok, 'what was taken is taken again as readers get it')
    must(JSON.stringify(again.event) === JSON.stringify(parsed.event), 'it is the same event then')
    return 'taken'
  },
}
