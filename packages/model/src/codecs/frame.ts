/** What the binary codecs cannot carry exactly, they carry as its JSON text: `{ "json": "…" }` in place of the frame. */
import type { ServerFrame } from '../live.ts'
import type { Frame } from './codec.ts'

interface JsonFrame {
  readonly json: string
}

/**
 * Whether a codec of UTF-8 text, whose readers allow `levels` of nesting, brings the value back exactly. JSON's strings may
 * hold lone surrogates, for which UTF-8 has no bytes. Recursion is bounded by `levels`.
 */
function travels(value: unknown, levels: number): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) if (!travels(value[i], levels - 1)) return false
    return true
  }
  for (const key in value) if (!key.isWellFormed() || !travels((value as Record<string, unknown>)[key], levels - 1)) return false
  return true
}

export const packable = (frame: Frame, levels: number): Frame | JsonFrame =>
  travels(frame, levels) ? frame : { json: JSON.stringify(frame) }

/** What was decoded, if it is a frame; throws on anything else. */
export function asFrame(decoded: unknown): ServerFrame {
  if (typeof decoded === 'object' && decoded !== null && 'kind' in decoded && typeof decoded.kind === 'string')
    return decoded as ServerFrame
  throw new TypeError('Not a frame: it has no kind.')
}

export function unpacked(decoded: unknown): ServerFrame {
  const isText =
    typeof decoded === 'object' && decoded !== null && !('kind' in decoded) && 'json' in decoded && typeof decoded.json === 'string'
  return asFrame(isText ? JSON.parse(decoded.json as string) : decoded)
}
