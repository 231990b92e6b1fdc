/** zstd, where the runtime has it (Node 22.15 and newer); browsers send their frames as they are. */
import type * as Zlib from 'node:zlib'

/** What is shorter is a few packets at most: each end takes some thirty µs for a frame of any size. */
export const leastCompressedChars = 4_096

/** Between two processes of one machine bytes cost less than compressing them. */
export const isWorthIt = (url: string): boolean => !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

/** Asked of the process, so that a bundle for browsers has no module of Node in it. */
const zlib = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process?.getBuiltinModule?.('zlib') as
  | Partial<typeof Zlib>
  | undefined

/** The frame, smaller if that is worth it. The quickest level: the next ones take twice the time for the same bytes (measured on events). */
export function compress(text: string): string | Uint8Array<ArrayBuffer> {
  if (text.length < leastCompressedChars || zlib?.zstdCompressSync === undefined || zlib.constants === undefined) return text
  return zlib.zstdCompressSync(text, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })
}
