/** Frames as text. Events arrive as finished JSON and are spliced in; a frame is made once for all who get it. */
import type { ServerFrame } from '@signalbox/model/live.ts'

export interface Encoded {
  readonly kind: ServerFrame['kind']
  readonly cursor: string
  /** Finished bytes or text for the transport. */
  readonly payload: string | Buffer
  /** Events or rows in it. */
  readonly items: number
}

export type Framing = 'json' | 'sse'

const frame = (framing: Framing, kind: ServerFrame['kind'], cursor: string, json: string): string =>
  framing === 'json' ? json : `id: ${cursor}\nevent: ${kind}\ndata: ${json}\n\n`

export function encode(framing: Framing, value: ServerFrame & { readonly cursor: string }, items = 0): Encoded {
  return { kind: value.kind, cursor: value.cursor, payload: frame(framing, value.kind, value.cursor, JSON.stringify(value)), items }
}

export function encodeEvents(framing: Framing, sub: string, from: string, cursor: string, wires: readonly string[]): Encoded {
  const json = `{"kind":"events","sub":"${sub}","from":"${from}","cursor":"${cursor}","items":[${wires.join(',')}]}`
  return { kind: 'events', cursor, payload: frame(framing, 'events', cursor, json), items: wires.length }
}
