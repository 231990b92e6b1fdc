import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyLogs, anyMetrics, anyTraces } from './any-request.testing.ts'
import { decodeLogs, decodeMetrics, decodeTraces, type Encoding } from './decode.ts'
import type { Decoded, Group } from './otlp.ts'
import type { Signal } from './signals.ts'
import { protobufOf } from './wire.testing.ts'

type Decode = (body: Uint8Array, encoding: Encoding) => Decoded<unknown>
type Request = fc.Arbitrary<{ readonly wire: unknown; readonly is: readonly Group<unknown>[] }>

test.each<[Signal, Decode, Request]>([
  ['traces', decodeTraces, anyTraces],
  ['logs', decodeLogs, anyLogs],
  ['metrics', decodeMetrics, anyMetrics],
])('%s: what OpenTelemetry’s encoder wrote, and its JSON, decode to what was said', (signal, decode, request) => {
  fc.assert(
    fc.property(request, ({ wire, is }) => {
      expect(decode(protobufOf(signal, wire), 'protobuf')).toEqual({ groups: is, bad: [] })
      expect(decode(Buffer.from(JSON.stringify(wire)), 'json')).toEqual({ groups: is, bad: [] })
    }),
    { numRuns: 300 },
  )
})
