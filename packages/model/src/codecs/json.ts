import type { ServerFrame } from '../live.ts'
import type { Codec } from './codec.ts'

const text = new TextDecoder()

export const json: Codec = {
  name: 'json',
  subprotocol: 'signalbox.json',
  encode: (frame) => JSON.stringify(frame),
  decode: (bytes) => JSON.parse(typeof bytes === 'string' ? bytes : text.decode(bytes)) as ServerFrame,
}
