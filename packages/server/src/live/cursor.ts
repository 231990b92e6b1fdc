/** The live cursor: the log's epoch and one position per partition, as URL-safe text that clients keep and never read. */
import type { Heads } from '../store/store.ts'

const version = 1

export function encodeCursor({ epoch, positions }: Heads): string {
  const bytes = [version, ...Buffer.from(epoch, 'hex')]
  for (const position of positions) {
    let rest = position
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    bytes.push(rest)
  }
  return Buffer.from(bytes).toString('base64url')
}

/** Undefined when the text is none of ours. */
export function decodeCursor(text: string): Heads | undefined {
  if (!/^[A-Za-z0-9_-]{8,1000}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes[0] !== version || bytes.length < 6) return undefined
  const positions: number[] = []
  let value = 0
  let scale = 1
  for (const byte of bytes.subarray(5)) {
    value += (byte & 0x7f) * scale
    scale *= 0x80
    if (!Number.isSafeInteger(value)) return undefined
    if (byte < 0x80) {
      positions.push(value)
      value = 0
      scale = 1
    }
  }
  return scale === 1 ? { epoch: bytes.subarray(1, 5).toString('hex'), positions } : undefined
}
