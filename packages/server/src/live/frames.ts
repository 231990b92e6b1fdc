/** Frames as bytes. A frame is one JSON text; a framing wraps it for its transport, once for all readers who get it. */
import type { ServerFrame } from '@signalbox/model/live.ts'

/** `ws.json`: a finished WebSocket frame. `sse`: a server-sent event. `text`: the JSON itself. */
export type Framing = 'ws.json' | 'sse' | 'text'

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

/** An unmasked, unfragmented, uncompressed WebSocket frame (RFC 6455 section 5.2): made once, written to many sockets as it is. */
export function webSocketFrame(json: string): Buffer {
  const length = Buffer.byteLength(json)
  const header = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(header + length)
  frame[0] = textOpcode
  if (header === 2) frame[1] = length
  else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(json, header)
  return frame
}

const wraps: { readonly [F in Framing]: (json: string, kind: string, resumeAt: string) => Buffer | string } = {
  'ws.json': webSocketFrame,
  sse: (json, kind, resumeAt) => Buffer.from(`id: ${resumeAt}\nevent: ${kind}\ndata: ${json}\n\n`),
  text: (json) => json,
}

interface Head {
  readonly kind: ServerFrame['kind']
  readonly cursor: string
  readonly items: number
  /** Where a reader that breaks off after this frame goes on. Other than `cursor` where the frame is only part of a whole. */
  readonly resumeAt?: string
}

function wrap(framing: Framing, json: string, { kind, cursor, items, resumeAt }: Head): Encoded {
  const payload = wraps[framing](json, kind, resumeAt ?? cursor)
  return { kind, cursor, payload, bytes: Buffer.byteLength(framing === 'ws.json' ? json : payload), items }
}

export const encode = (framing: Framing, frame: FeedFrame): Encoded =>
  wrap(framing, JSON.stringify(frame), { kind: frame.kind, cursor: frame.cursor, items: 0 })

export const encodeEvents = (framing: Framing, sub: string, from: string, cursor: string, wires: readonly string[]): Encoded =>
  wrap(framing, `{"kind":"events","sub":"${sub}","from":"${from}","cursor":"${cursor}","items":[${wires.join(',')}]}`, {
    kind: 'events',
    cursor,
    items: wires.length,
  })

export const encodeDelta = (framing: Framing, sub: string, from: string, cursor: string, wires: readonly string[]): Encoded =>
  wrap(framing, `{"kind":"delta","sub":"${sub}","from":"${from}","cursor":"${cursor}","rows":[${wires.join(',')}]}`, {
    kind: 'delta',
    cursor,
    items: wires.length,
  })

/** `startCursor`: a reader that has only some pages of a snapshot must come back for a whole one. */
export const encodeSnapshotPage = (
  framing: Framing,
  sub: string,
  cursor: string,
  wires: readonly string[],
  last: boolean,
  startCursor: string,
): Encoded =>
  wrap(framing, `{"kind":"snapshot","sub":"${sub}","cursor":"${cursor}","rows":[${wires.join(',')}],"last":${last}}`, {
    kind: 'snapshot',
    cursor,
    items: wires.length,
    resumeAt: last ? cursor : startCursor,
  })
