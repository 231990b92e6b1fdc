/** MessagePack with msgpackr's records: objects of one shape name their keys once in a frame, which is where event batches repeat themselves. */
import { Packr } from 'msgpackr'
import type { Codec } from './codec.ts'
import { packable, unpacked } from './frame.ts'

/** Room for data of the default depth; what is configured deeper could exhaust a reader's stack. */
const mostLevels = 128

/**
 * Records live within one frame: no state is shared between the two ends, so any frame can be read alone.
 * Maps and 64-bit integers as other MessagePack libraries write them are read as objects and numbers.
 */
const packr = new Packr({ useRecords: true, sequential: false, mapsAsObjects: true, int64AsType: 'number' })

export const msgpack: Codec = {
  name: 'msgpack',
  subprotocol: 'signalbox.msgpack',
  encode: (frame) => packr.pack(packable(frame, mostLevels)),
  decode(bytes) {
    if (typeof bytes === 'string') throw new TypeError('A MessagePack frame is binary.')
    return unpacked(packr.unpack(bytes))
  },
}
