import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredEvent } from '../event.ts'
import { emptyTotals } from '../fold/totals.ts'
import type { ServerFrame } from '../live.ts'
import { codecs } from './codec.ts'

// Well-formed text: Protobuf strings are UTF-8, so a lone surrogate in data travels over JSON only.
const Data = fc.dictionary(
  fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
  fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
)
const Position = fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER))
const Event: fc.Arbitrary<StoredEvent> = fc.record(
  {
    id: fc.uuid(),
    source: fc.string({ minLength: 1 }),
    type: fc.string({ minLength: 1 }),
    time: fc.constant('2026-01-01T00:00:00.000Z'),
    data: Data as fc.Arbitrary<Record<string, unknown>>,
    partition: fc.nat(7),
    position: Position,
    receivedAt: fc.constant('2026-01-01T00:00:00.001Z'),
    run: fc.string(),
    seq: Position,
  },
  { requiredKeys: ['id', 'source', 'type', 'time', 'data', 'partition', 'position', 'receivedAt'] },
)
const Frame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.array(Event, { maxLength: 20 }).map((items): ServerFrame => ({ kind: 'events', sub: 's', from: 'a', cursor: 'b', items })),
  fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }).map(
    (ids): ServerFrame => ({
      kind: 'delta',
      sub: 's',
      from: 'a',
      cursor: 'b',
      rows: ids.map((id) => ({
        table: 'agents',
        partition: 0,
        key: id,
        position: 1,
        row: { id, firstSeenAt: 1, lastSeenAt: 2, lastReceivedAt: 3, events: 4, totals: emptyTotals, inFlight: [] },
      })),
    }),
  ),
  fc.constant<ServerFrame>({ kind: 'gap', sub: 's', from: 'a', cursor: 'b', reason: 'slow', fetch: '/v1/poll?cursor=a' }),
  fc.constant<ServerFrame>({ kind: 'goaway', reason: 'drain', reconnectInMs: [500, 5_000] }),
)
const plain = (frame: ServerFrame) => JSON.parse(JSON.stringify(frame)) as unknown

describe.each(Object.values(codecs))('$name', (codec) => {
  test('every frame comes back as it was', () => {
    fc.assert(
      fc.property(Frame, (frame) => {
        expect(plain(codec.decode(codec.encode(frame)))).toEqual(plain(frame))
      }),
    )
  })
  test('each frame is read alone, in any order', () => {
    const frames = fc.sample(Frame, { numRuns: 20, seed: 7 })
    const encoded = frames.map((frame) => codec.encode(frame)).reverse()
    expect(encoded.map((bytes) => plain(codec.decode(bytes))).reverse()).toEqual(frames.map(plain))
  })
  test('what is no frame is refused, not read', () => {
    expect(() => codec.decode(codec.name === 'json' ? '{' : new Uint8Array([0xff, 0xff, 0xff]))).toThrow()
  })
})
