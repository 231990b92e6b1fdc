/** Times in parameters. */
import { rfc3339Ms } from '@signalbox/model/rfc3339.ts'
import Type from 'typebox'
import { Compile } from 'typebox/compile'

/** As of an event's time: also that there is such a day. */
const rfc3339 = Compile(Type.String({ format: 'date-time' }))

/** NaN where the text is no RFC 3339 time. */
export function instantOf(text: string): number {
  // A "+" of an offset arrives as a space when it was not encoded.
  const exact = text.replace(' ', '+')
  return rfc3339.Check(exact) ? rfc3339Ms(exact) : Number.NaN
}
