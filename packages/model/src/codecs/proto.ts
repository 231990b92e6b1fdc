/**
 * Protobuf: a frame is a `google.protobuf.Struct`, so that any Protobuf runtime reads it without a schema of ours.
 * Numbers are doubles, exact to 2^53, which is the protocol's own bound.
 */
import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf'
import { StructSchema } from '@bufbuild/protobuf/wkt'
import type { ServerFrame } from '../live.ts'
import type { Codec } from './codec.ts'

export const proto: Codec = {
  name: 'proto',
  subprotocol: 'signalbox.proto',
  // Through JSON text: it drops what is undefined, which Struct has no word for.
  encode: (frame) => toBinary(StructSchema, fromJson(StructSchema, JSON.parse(JSON.stringify(frame)) as JsonObject)),
  decode(bytes) {
    if (typeof bytes === 'string') throw new TypeError('A Protobuf frame is binary.')
    return toJson(StructSchema, fromBinary(StructSchema, bytes)) as unknown as ServerFrame
  },
}
