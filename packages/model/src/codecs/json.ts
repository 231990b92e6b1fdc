import type { Codec } from './codec.ts'
import { asFrame } from './frame.ts'

/** Throws on bytes that are no UTF-8, instead of changing them. */
const text = new TextDecoder('utf-8', { fatal: true })

export const json: Codec = {
  name: 'json',
  subprotocol: 'signalbox.json',
  encode: (frame) => JSON.stringify(frame),
  decode: (bytes) => asFrame(JSON.parse(typeof bytes === 'string' ? bytes : text.decode(bytes))),
}
