/** Times in parameters. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { rfc3339Ms } from '@signalbox/model/rfc3339.ts'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { Refused } from '../http/problem.ts'

/** As of an event's time: also that there is such a day. */
const rfc3339 = Compile(Type.String({ format: 'date-time' }))

/** NaN where the text is no RFC 3339 time. */
export function instantOf(text: string): number {
  // A "+" of an offset arrives as a space when it was not encoded.
  const exact = text.replace(' ', '+')
  return rfc3339.Check(exact) ? rfc3339Ms(exact) : Number.NaN
}

/** [since, until) */
export interface Window {
  readonly since: EpochMs
  readonly until: EpochMs
}

/** `usualMs`: its length when `since` is not said. */
export function windowOf(query: { readonly since?: string; readonly until?: string }, now: EpochMs, usualMs: number): Window {
  const timeOf = (name: 'since' | 'until', usual: EpochMs) => {
    const text = query[name]
    const time = text === undefined ? usual : instantOf(text)
    if (!(time >= 0)) throw new Refused({ code: 'BAD_REQUEST', detail: `The parameter "${name}" is no RFC 3339 time after 1970.` })
    return time
  }
  // A point of this very millisecond is of the past.
  const until = timeOf('until', now + 1)
  const since = timeOf('since', Math.max(0, until - usualMs))
  if (since >= until) throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "since" must be before "until".' })
  return { since, until }
}
