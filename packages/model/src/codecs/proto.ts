/**
 * Protobuf: a frame is a `google.protobuf.Struct`, so that any Protobuf runtime reads it without a schema of ours.
 * Numbers are doubles, exact to 2^53, which is the protocol's own bound. A frame that a Struct cannot hold exactly
 * (nested deeper, or text with lone surrogates) is a Struct of one field, `json`: its JSON text.
 */
import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf'
import { StructSchema } from '@bufbuild/protobuf/wkt'
import type { Codec } from './codec.ts'
import { packable, unpacked } from './frame.ts'

/** Protobuf runtimes refuse messages nested deeper than 100; a level of an object is three (Struct, its entry, Value). */
const mostLevels = 32

export const proto: Codec = {
  name: 'proto',
  subprotocol: 'signalbox.proto',
  // Through JSON text: it drops what is undefined, which Struct has no word for.
  encode: (frame) => toBinary(StructSchema, fromJson(StructSchema, JSON.parse(JSON.stringify(packable(frame, mostLevels))) as JsonObject)),
  decode(bytes) {
    if (typeof bytes === 'string') throw new TypeError('A Protobuf frame is binary.')
    return unpacked(toJson(StructSchema, fromBinary(StructSchema, bytes)))
  },
}
