import type { EpochMs } from './event.ts'

/**
 * The time that an RFC 3339 text names, cut to the millisecond; NaN when it names none. A leap second (`23:59:60Z`) has no place in
 * milliseconds since 1970: all of it is the last millisecond before (`23:59:59.999`), so that it stays within its day and before the
 * next second. That there is such a day, and a leap second at that time of it, is the schema's to say (`format: date-time`).
 */
export function rfc3339Ms(text: string): EpochMs {
  const time = Date.parse(text)
  return Number.isNaN(time) ? Date.parse(text.replace(/(T\d\d:\d\d):60(?:\.\d+)?/i, '$1:59.999')) : time
}

/** Writes times as `Date` does. They come in bursts of one second, so all but the milliseconds is remembered: half of `toWire` was `Date` (measured). */
export function createRfc3339(): (ms: EpochMs) => string {
  let second = Number.NaN
  let upToMillis = ''
  return (ms) => {
    const now = Math.floor(ms / 1_000)
    if (now !== second) {
      // "…:05." without its "000Z"
      upToMillis = new Date(now * 1_000).toISOString().slice(0, -4)
      second = now
    }
    const millis = Math.trunc(ms - now * 1_000)
    return `${upToMillis}${millis < 10 ? '00' : millis < 100 ? '0' : ''}${millis}Z`
  }
}
