import { isDeepStrictEqual } from 'node:util'
import { type Codec, codecs } from '@signalbox/model/codecs/codec.ts'

/**
 * A frame as the codec sends it, and if that has to be as JSON text, as the text that was written: of a number beyond all that JSON can
 * say, which is to be refused, the codec's own text would make a null, which is not.
 */
export function frameBytes(codec: Codec, text: string): Uint8Array | string {
  if (codec === codecs.json) return text
  const frame = JSON.parse(text)
  const bytes = codec.encode(frame)
  return isDeepStrictEqual(codec.decode(bytes), frame) ? bytes : codec.encode({ json: text } as never)
}
