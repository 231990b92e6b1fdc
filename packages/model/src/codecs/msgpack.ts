/** MessagePack with msgpackr's records: objects of one shape name their keys once in a frame, which is where event batches repeat themselves. */
import { Packr } from 'msgpackr'
import type { ServerFrame } from '../live.ts'
import type { Codec } from './codec.ts'

/** Records live within one frame: no state is shared between the two ends, so any frame can be read alone. */
const packr = new Packr({ useRecords: true, sequential: false })

export const msgpack: Codec = {
  name: 'msgpack',
  subprotocol: 'signalbox.msgpack',
  encode: (frame) => packr.pack(frame),
  decode(bytes) {
    if (typeof bytes === 'string') throw new TypeError('A MessagePack frame is binary.')
    return packr.unpack(bytes) as ServerFrame
  },
}
