/** Codecs: how frames stand on a WebSocket. Promise: `decode(encode(frame))` is the frame, to the last key, for every frame of the protocol. */
import type { ClientFrame, IngestClientFrame, IngestServerFrame, ServerFrame } from '../live.ts'
import { json } from './json.ts'
import { msgpack } from './msgpack.ts'
import { proto } from './proto.ts'

/** Every frame of both protocols, live and ingest, either way. */
export type Frame = ServerFrame | ClientFrame | IngestServerFrame | IngestClientFrame

export interface Codec {
  readonly name: 'json' | 'msgpack' | 'proto'
  /** WebSocket subprotocol that asks for it. */
  readonly subprotocol: string
  readonly encode: (frame: Frame) => string | Uint8Array
  /** Throws on what is no frame. Only `kind` is checked: who reads frames of a peer that is not trusted checks the rest. */
  readonly decode: (bytes: string | Uint8Array) => ServerFrame
}

export const codecs = { json, msgpack, proto } as const satisfies Record<Codec['name'], Codec>
export const subprotocols: readonly string[] = Object.values(codecs).map(({ subprotocol }) => subprotocol)
