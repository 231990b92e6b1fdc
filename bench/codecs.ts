/** Ways to write a batch of events, each with its reader: what is in the product, and what others say is smaller or faster. */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { Packr } from 'msgpackr'
import protobuf from 'protobufjs'
import { dictionary } from './dictionary.ts'

export interface Way {
  readonly name: string
  readonly encode: (events: readonly EventInput[]) => Uint8Array
  readonly decode: (bytes: Uint8Array) => readonly unknown[]
}

const json: Way = {
  name: 'JSON',
  encode: (events) => Buffer.from(JSON.stringify(events)),
  decode: (bytes) => JSON.parse((bytes as Buffer).toString()),
}

const packed = (name: string, packr: Packr): Way => ({
  name,
  encode: (events) => packr.pack(events),
  decode: (bytes) => packr.unpack(bytes),
})

/** The envelope as a message of its own; `data` as JSON text, because its fields are anybody's. */
const { root } = protobuf.parse(`syntax = "proto3";
message Event { string id = 1; string source = 2; string type = 3; string time = 4; string run = 5; string agent = 6; string task = 7;
  string cause = 8; uint64 seq = 9; uint64 epoch = 10; string trace = 11; string data = 12; }
message Batch { repeated Event events = 1; }`)
const Batch = root.lookupType('Batch')
const protobufMessages: Way = {
  name: 'Protobuf, a message of our own, data as JSON text (protobufjs)',
  encode: (events) => Batch.encode({ events: events.map((event) => ({ ...event, data: JSON.stringify(event.data) })) }).finish(),
  decode: (bytes) =>
    (Batch.decode(bytes) as unknown as { events: { data: string }[] }).events.map((event) => ({ ...event, data: JSON.parse(event.data) })),
}

/** As it is on our WebSocket. */
const protobufStruct: Way = {
  name: 'Protobuf, a Struct without a schema (signalbox.proto)',
  encode: (events) => codecs.proto.encode({ kind: 'batch', n: 1, events }) as Uint8Array,
  decode: (bytes) => (codecs.proto.decode(bytes) as unknown as { events: unknown[] }).events,
}

const compressed = (of: Way, name: string, pack: (bytes: Uint8Array) => Buffer, unpack: (bytes: Uint8Array) => Buffer): Way => ({
  name: `${of.name}, ${name}`,
  encode: (events) => pack(of.encode(events)),
  decode: (bytes) => of.decode(unpack(bytes)),
})

const words = Buffer.from(dictionary)
const quick = { dictionary: words, params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const records = packed('MessagePack, records within a message (signalbox.msgpack)', new Packr({ useRecords: true }))

export const ways: readonly Way[] = [
  json,
  packed('MessagePack, plain', new Packr({ useRecords: false })),
  records,
  packed('MessagePack, records kept by both ends', new Packr({ structures: [] })),
  protobufMessages,
  protobufStruct,
  compressed(
    json,
    'gzip',
    (bytes) => gzipSync(bytes),
    (bytes) => gunzipSync(bytes),
  ),
  ...[json, records, protobufMessages].map((way) =>
    compressed(
      way,
      'zstd',
      (bytes) => zstdCompressSync(bytes),
      (bytes) => zstdDecompressSync(bytes),
    ),
  ),
  compressed(
    json,
    'zstd with a dictionary',
    (bytes) => zstdCompressSync(bytes, quick),
    (bytes) => zstdDecompressSync(bytes, { dictionary: words }),
  ),
]
