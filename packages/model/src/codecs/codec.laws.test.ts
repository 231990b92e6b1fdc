import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { limits, type StoredEvent } from '../event.ts'
import { emptyTotals } from '../fold/totals.ts'
import type { ServerFrame } from '../live.ts'
import { codecs } from './codec.ts'

// Any text that JSON holds: NUL and lone surrogates too, which UTF-8 has no bytes for.
const Text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u0000', '\ud800', 'a\udc00b', '😀', '\ufffd', 'constructor', ''))
const Text16 = fc.oneof(
  Text,
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
)
const Key = Text16.filter((key) => key !== '__proto__')
const { value: Value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    Text16,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(Key, tie('value'), { maxKeys: 3 }),
  ),
}))
const Data = fc.dictionary(Key, Value)
/** As deep as the limit lets it be. */
const deepest = (depth: number): Record<string, unknown> => {
  let data: Record<string, unknown> = {}
  for (let i = 1; i < depth; i += 1) data = i % 2 === 0 ? { a: data } : { a: [data] }
  return data
}
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
  test('data of every depth that is accepted comes back', () => {
    for (let depth = 1; depth <= limits.dataDepth; depth += 1) {
      const [item] = fc.sample(Event, { numRuns: 1, seed: 3 })
      const frame = { kind: 'events', sub: 's', from: 'a', cursor: 'b', items: [{ ...item, data: deepest(depth) }] } as ServerFrame
      expect(plain(codec.decode(codec.encode(frame)))).toEqual(plain(frame))
    }
  })
  test('what is no frame is refused, not read', () => {
    expect(() => codec.decode(codec.name === 'json' ? '{' : new Uint8Array([0xff, 0xff, 0xff]))).toThrow()
    expect(() => codec.decode(codec.name === 'json' ? '' : new Uint8Array())).toThrow()
    expect(() => codec.decode(Buffer.from('{"kind":"caf\u00e9"}', 'latin1'))).toThrow()
    for (const none of [{}, { kind: 5 }, { json: 'null' }, { json: '{}' }, { json: '{' }, { json: 5 }])
      expect(() => codec.decode(codec.encode(none as unknown as ServerFrame))).toThrow()
  })
})

/** Fields of a message that are messages, by number. */
const nested: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Struct: { 1: 'Entry' },
  Entry: { 2: 'Value' },
  Value: { 5: 'Struct', 6: 'ListValue' },
  ListValue: { 1: 'Value' },
}
function nesting(bytes: Uint8Array, message = 'Struct'): number {
  const reader = new BinaryReader(bytes)
  let deepestInside = 0
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    const inside = nested[message]?.[field]
    if (inside !== undefined && wireType === WireType.LengthDelimited)
      deepestInside = Math.max(deepestInside, nesting(reader.bytes(), inside))
    else reader.skip(wireType, field)
  }
  return 1 + deepestInside
}

test('no Protobuf frame nests messages deeper than 100, the bound of its runtimes, also counting map entries', () => {
  let most = 0
  for (let depth = 1; depth <= 2 * limits.dataDepth; depth += 1) {
    let data: Record<string, unknown> = {}
    for (let i = 1; i < depth; i += 1) data = { a: data }
    const [item] = fc.sample(Event, { numRuns: 1, seed: 3 })
    const bytes = codecs.proto.encode({ kind: 'events', sub: 's', from: 'a', cursor: 'b', items: [{ ...item, data }] } as ServerFrame)
    most = Math.max(most, nesting(bytes as Uint8Array))
  }
  expect(most).toBeLessThanOrEqual(100)
  // Data of ordinary depth goes as fields, not as text.
  expect(most).toBeGreaterThan(80)
})

test('MessagePack of other libraries is read: maps, and integers of 64 bits', () => {
  const frame = new Packr({ useRecords: false }).pack({ kind: 'batch', n: 1n, events: [{ data: { n: 2n ** 53n } }] })
  expect(plain(codecs.msgpack.decode(frame))).toEqual({ kind: 'batch', n: 1, events: [{ data: { n: 2 ** 53 } }] })
})
