/**
 * Hybrid logical clock (Kulkarni and others, 2014): orders by cause what has no common partition, close to wall time.
 * State in, state out; the wall clock is a parameter.
 */
import type { EpochMs } from './event.ts'

export interface Hlc {
  /** Wall part, never behind any time seen. */
  readonly ms: EpochMs
  readonly count: number
}

export const hlcStart: Hlc = { ms: 0, count: 0 }
const mostCount = 0xffff
/** An agent's clock may drag ours ahead by this much at the most. */
export const maxDriftMs = 5 * 60_000

const carried = (ms: EpochMs, count: number): Hlc => (count > mostCount ? { ms: ms + 1, count: 0 } : { ms, count })

/** For an event of our own. */
export function tick(held: Hlc, wallMs: EpochMs): Hlc {
  return wallMs > held.ms ? { ms: wallMs, count: 0 } : carried(held.ms, held.count + 1)
}

/** On receiving a stamp. One too far in the future is clamped: an untrusted clock must not move ours. */
export function receive(held: Hlc, stamp: Hlc, wallMs: EpochMs): Hlc {
  const theirs = stamp.ms > wallMs + maxDriftMs ? { ms: wallMs, count: 0 } : stamp
  const ms = Math.max(held.ms, theirs.ms, wallMs)
  if (ms === held.ms && ms === theirs.ms) return carried(ms, Math.max(held.count, theirs.count) + 1)
  if (ms === held.ms) return carried(ms, held.count + 1)
  if (ms === theirs.ms) return carried(ms, theirs.count + 1)
  return { ms, count: 0 }
}

export const compare = (a: Hlc, b: Hlc): number => a.ms - b.ms || a.count - b.count

/** 48 bits of milliseconds and 16 of count as 16 hexadecimal digits: text that sorts as the stamps do. */
export const encodeHlc = ({ ms, count }: Hlc): string => ms.toString(16).padStart(12, '0') + count.toString(16).padStart(4, '0')

export function decodeHlc(text: string): Hlc | undefined {
  return /^[0-9a-f]{16}$/.test(text)
    ? { ms: Number.parseInt(text.slice(0, 12), 16), count: Number.parseInt(text.slice(12), 16) }
    : undefined
}
