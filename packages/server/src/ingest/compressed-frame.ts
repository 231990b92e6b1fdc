/**
 * Ingest frames compressed with zstd: binary messages that begin with its magic number, as no frame of any codec does.
 *
 * At once and not in another thread: batches keep their order, and a batch of 500 takes less than checking sixty of its events.
 */
import { constants, zstdDecompressSync } from 'node:zlib'
import { Refused } from '../http/problem.ts'
import { zstdWindowLog } from './body.ts'

const magic = 0xfd2fb528
/** Pieces in which what comes out is collected: most batches are one. */
const chunkBytes = 256 * 1024
const fewestChunkBytes = 1_024
/** More than events like each other are compressed by. */
const usualRatio = 16

export const isCompressed = (content: Buffer): boolean => content.length >= 4 && content.readUInt32LE(0) === magic

/** The frame. Throws `Refused`: past `maxBytes`, at which a bomb is cut, and for what is not zstd from its first byte to its last. */
export function decompressFrame(content: Buffer, maxBytes: number): Buffer {
  let unpacked: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
  try {
    unpacked = zstdDecompressSync(content, {
      maxOutputLength: maxBytes,
      chunkSize: Math.min(chunkBytes, Math.max(fewestChunkBytes, content.length * usualRatio)),
      params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog },
      info: true,
    }) as unknown as typeof unpacked
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused({ code: 'BODY_TOO_LARGE', detail: `A frame has more than ${maxBytes} bytes after decompression.` })
    throw new Refused({ code: 'BAD_REQUEST', detail: `A compressed frame could not be read: ${message.slice(0, 200)}.` })
  }
  const left = content.length - unpacked.engine.bytesWritten
  if (left > 0) throw new Refused({ code: 'BAD_REQUEST', detail: `There are ${left} bytes behind the end of a compressed frame.` })
  return unpacked.buffer
}
