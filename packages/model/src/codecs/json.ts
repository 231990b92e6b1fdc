import type { Codec } from './codec.ts'
import { asFrame } from './frame.ts'

const text = new TextDecoder()

export const json: Codec = {
  name: 'json',
  subprotocol: 'signalbox.json',
  encode: (frame) => JSON.stringify(frame),
  decode: (bytes) => asFrame(JSON.parse(typeof bytes === 'string' ? bytes : text.decode(bytes))),
}
