/** Text and JSON of foreign records, made safe to keep. */
import { type EpochMs, limits } from './event.ts'

const unfit = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu
/** A name that an event can carry: what it cannot is replaced, what is too long cut. Undefined where nothing is named. */
export function identifier(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return undefined
  return name.replace(unfit, '\ufffd').slice(0, limits.identifierChars).toWellFormed()
}

/** Longest text taken into an event where the rest is of no use on a screen. UTF-16 units. */
export const clipChars = 2_000

/** Well-formed and without NUL, at most `chars` long; what is cut ends in an ellipsis. */
export function clip(text: string, chars = clipChars): string {
  const whole = text.replaceAll('\u0000', '\ufffd')
  return (whole.length <= chars ? whole : `${whole.slice(0, chars - 1)}…`).toWellFormed()
}

export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
export const stringOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0)

/** Around them there is room for what is derived, a few milliseconds beside its record. */
const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(9999, 11, 31)
/** Undefined when it is no time, or one that no event can have. */
export function instantOf(value: unknown): EpochMs | undefined {
  const time = Date.parse(String(value))
  return time >= earliest && time <= latest ? time : undefined
}

export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
