/** A codec's bytes: read as a frame or refused by an error; what is read is written and read again as the same. */
import { type Codec, codecs, type Frame } from '@signalbox/model/codecs/codec.ts'
import { asItem } from '@signalbox/server/ingest/as-json.ts'
import { fleetOf } from '../events.ts'
import { must, type Target, utf8 } from '../fuzz.ts'

const target = (codec: Codec): Target => ({
  name: `codec-${codec.name}`,
  expects: ['frame', 'refused'],
  seeds(dice) {
    const [items = []] = fleetOf(dice, { producers: 1, runs: 3, events: 30, from: Date.UTC(2026, 1, 28, 10), name: 'seed' })
    const frames = [
      { kind: 'batch', n: 1, events: items },
      { kind: 'batch', n: 7, events: items.slice(0, 1) },
      { kind: 'events', sub: 's', from: 'a', cursor: 'b', items: items.slice(0, 3) },
      { kind: 'welcome', credit: 1, maxBatchEvents: 2, maxFrameBytes: 3 },
      { kind: 'goaway', reason: 'drain', reconnectInMs: [1, 2.5] },
      { json: '{"kind":"ping"}' },
    ] as unknown as Frame[]
    return frames.map((frame) => {
      const bytes = codec.encode(frame)
      return typeof bytes === 'string' ? utf8(bytes) : bytes
    })
  },
  check(input) {
    let frame: object
    try {
      frame = codec.decode(input)
    } catch (error) {
      must(error instanceof Error, 'it is refused by an error')
      return 'refused'
    }
    must('kind' in frame && typeof frame.kind === 'string', 'a frame has a kind')
    // What a door makes of it; not all that MessagePack can say is JSON.
    if (asItem(frame).malformed !== undefined) return 'frame, not JSON'
    const text = json(frame)
    if (text === undefined) return 'frame, too deep to print'
    const plain = JSON.parse(text) as Frame
    must(json(codec.decode(codec.encode(plain))) === text, 'it comes back as it was')
    return 'frame'
  },
})

function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export const codecTargets: readonly Target[] = Object.values(codecs).map(target)
