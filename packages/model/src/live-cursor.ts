/**
 * The live cursor: the log's epoch and one position per partition, as URL-safe text. A client keeps it and never needs to read it;
 * who holds cursors of several readers of one feed can tell by it who is behind.
 */

/** Last position of each partition, by index. */
export interface Places {
  /** Incarnation of the log. */
  readonly epoch: string
  readonly positions: readonly number[]
}

const version = 1

export function encodeCursor({ epoch, positions }: Places): string {
  let bytes = String.fromCharCode(version)
  for (let i = 0; i < epoch.length; i += 2) bytes += String.fromCharCode(Number.parseInt(epoch.slice(i, i + 2), 16))
  for (const position of positions) {
    let rest = position
    while (rest >= 0x80) {
      bytes += String.fromCharCode((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    bytes += String.fromCharCode(rest)
  }
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Undefined when the text is none of ours. */
export function decodeCursor(text: string): Places | undefined {
  // No base64 has one letter more than whole bytes need.
  if (!/^[A-Za-z0-9_-]{8,1000}$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  if (bytes.charCodeAt(0) !== version || bytes.length < 6) return undefined
  let epoch = ''
  for (let i = 1; i < 5; i += 1) epoch += bytes.charCodeAt(i).toString(16).padStart(2, '0')
  const positions: number[] = []
  let value = 0
  let scale = 1
  for (let i = 5; i < bytes.length; i += 1) {
    const byte = bytes.charCodeAt(i)
    value += (byte & 0x7f) * scale
    scale *= 0x80
    if (!Number.isSafeInteger(value)) return undefined
    if (byte < 0x80) {
      positions.push(value)
      value = 0
      scale = 1
    }
  }
  return scale === 1 ? { epoch, positions } : undefined
}

const areAlike = (a: Places, b: Places) => a.epoch === b.epoch && a.positions.length === b.positions.length

/** Everything before `a` is before `b` too. False where they cannot be compared. */
export function isWithin(a: string, b: string): boolean {
  if (a === b) return true
  const [left, right] = [decodeCursor(a), decodeCursor(b)]
  if (left === undefined || right === undefined || !areAlike(left, right)) return false
  return left.positions.every((position, i) => position <= (right.positions[i] ?? 0))
}

/** In each partition the position that `better` says of the two. Undefined where they cannot be compared. */
function joined(a: string, b: string, better: (x: number, y: number) => number): string | undefined {
  if (a === b) return a
  const [left, right] = [decodeCursor(a), decodeCursor(b)]
  if (left === undefined || right === undefined || !areAlike(left, right)) return undefined
  return encodeCursor({ epoch: left.epoch, positions: left.positions.map((position, i) => better(position, right.positions[i] ?? 0)) })
}

/** Who goes on from here misses nothing after either. */
export const earlier = (a: string, b: string): string | undefined => joined(a, b, Math.min)
/** Everything before either is before this. */
export const later = (a: string, b: string): string | undefined => joined(a, b, Math.max)
