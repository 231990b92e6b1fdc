/** Frames as bytes. A frame is one JSON text; a framing wraps it for its transport, once for all readers who get it. */
import { type Codec, codecs } from '@signalbox/model/codecs/codec.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'

/** `ws.*`: a finished WebSocket frame in that codec. `sse`: a server-sent event. `text`: the JSON itself. */
export type Framing = 'ws.json' | 'ws.msgpack' | 'ws.proto' | 'sse' | 'text'

export interface Encoded {
  readonly kind: ServerFrame['kind']
  readonly cursor: string
  readonly payload: Buffer | string
  /** What a credit window counts: the payload without the transport's own header. */
  readonly bytes: number
  /** Events or rows in it. */
  readonly items: number
}

export type FeedFrame = Extract<ServerFrame, { readonly cursor: string }>

const textOpcode = 0x81
const binaryOpcode = 0x82

/** An unmasked, unfragmented, uncompressed WebSocket frame (RFC 6455 section 5.2): made once, written to many sockets as it is. */
export function webSocketFrame(content: string | Uint8Array): Buffer {
  const length = Buffer.byteLength(content)
  const header = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(header + length)
  frame[0] = typeof content === 'string' ? textOpcode : binaryOpcode
  if (header === 2) frame[1] = length
  else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  if (typeof content === 'string') frame.write(content, header)
  else frame.set(content, header)
  return frame
}

/** The spliced JSON read again, once for all readers of a cohort: other codecs cost their cohort this, and JSON's readers nothing. */
const binaryFrame = (codec: Codec) => (json: string) => {
  const content = codec.encode(JSON.parse(json) as ServerFrame)
  return { payload: webSocketFrame(content), bytes: Buffer.byteLength(content) }
}

type Wrap = (json: string, kind: string, resumeAt: string) => { readonly payload: Buffer | string; readonly bytes: number }
const wraps: { readonly [F in Framing]: Wrap } = {
  'ws.json': (json) => ({ payload: webSocketFrame(json), bytes: Buffer.byteLength(json) }),
  'ws.msgpack': binaryFrame(codecs.msgpack),
  'ws.proto': binaryFrame(codecs.proto),
  sse(json, kind, resumeAt) {
    const payload = Buffer.from(`id: ${resumeAt}\nevent: ${kind}\ndata: ${json}\n\n`)
    return { payload, bytes: payload.length }
  },
  text: (json) => ({ payload: json, bytes: Buffer.byteLength(json) }),
}

interface Head {
  readonly kind: ServerFrame['kind']
  readonly cursor: string
  readonly items: number
  /** Where a reader that breaks off after this frame goes on. Other than `cursor` where the frame is only part of a whole. */
  readonly resumeAt?: string
}

function wrap(framing: Framing, json: string, { kind, cursor, items, resumeAt }: Head): Encoded {
  return { kind, cursor, items, ...wraps[framing](json, kind, resumeAt ?? cursor) }
}

export const encode = (framing: Framing, frame: FeedFrame): Encoded =>
  wrap(framing, JSON.stringify(frame), { kind: frame.kind, cursor: frame.cursor, items: 0 })

export const encodeEvents = (framing: Framing, sub: string, from: string, cursor: string, wires: readonly string[]): Encoded =>
  wrap(framing, `{"kind":"events","sub":"${sub}","from":"${from}","cursor":"${cursor}","items":[${wires.join(',')}]}`, {
    kind: 'events',
    cursor,
    items: wires.length,
  })

export function encodeDelta(
  framing: Framing,
  sub: string,
  from: string,
  cursor: string,
  wires: readonly string[],
  removed: readonly string[],
): Encoded {
  const gone = removed.length === 0 ? '' : `,"removed":[${removed.join(',')}]`
  return wrap(framing, `{"kind":"delta","sub":"${sub}","from":"${from}","cursor":"${cursor}","rows":[${wires.join(',')}]${gone}}`, {
    kind: 'delta',
    cursor,
    items: wires.length + removed.length,
  })
}

/** `startCursor`: a reader that has only some pages of a snapshot must come back for a whole one. `end`: of the last page. */
export function encodeSnapshotPage(
  framing: Framing,
  sub: string,
  cursor: string,
  wires: readonly string[],
  startCursor: string,
  end: { readonly truncated: readonly Table[] } | undefined,
): Encoded {
  const isCut = end !== undefined && end.truncated.length > 0
  const cut = isCut ? `,"truncated":${JSON.stringify(end.truncated)}` : ''
  return wrap(
    framing,
    `{"kind":"snapshot","sub":"${sub}","cursor":"${cursor}","rows":[${wires.join(',')}],"last":${end !== undefined}${cut}}`,
    {
      kind: 'snapshot',
      cursor,
      items: wires.length,
      resumeAt: end === undefined ? startCursor : cursor,
    },
  )
}
