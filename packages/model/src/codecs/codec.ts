/** Codecs: how frames stand on a WebSocket. Promise: `decode(encode(frame))` is the frame, to the last key, for every frame of the protocol. */
import type { ServerFrame } from '../live.ts'
import { json } from './json.ts'
import { msgpack } from './msgpack.ts'
import { proto } from './proto.ts'

export interface Codec {
  readonly name: 'json' | 'msgpack' | 'proto'
  /** WebSocket subprotocol that asks for it. */
  readonly subprotocol: string
  readonly encode: (frame: ServerFrame) => string | Uint8Array
  /** Throws on what is no frame. */
  readonly decode: (bytes: string | Uint8Array) => ServerFrame
}

export const codecs = { json, msgpack, proto } as const satisfies Record<Codec['name'], Codec>
export const subprotocols: readonly string[] = Object.values(codecs).map(({ subprotocol }) => subprotocol)
