/**
 * The envelope that nearly every event has, told without its schema, which takes several times as long. What is not usual is not
 * wrong: the schema decides. What is usual, the schema takes too (`usual.laws.test.ts`).
 */
import { type EventInput, limits } from './event.ts'
import type { MadeEvent } from './foreign.ts'

const fields: ReadonlySet<string> = new Set([
  'id',
  'source',
  'type',
  'time',
  'run',
  'agent',
  'task',
  'cause',
  'seq',
  'epoch',
  'trace',
  'data',
] satisfies (keyof EventInput)[])

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const printable = /^[ -~]+$/
const typeName = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/
const timeOfDay = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/

const isName = (value: unknown) => typeof value === 'string' && value.length <= limits.identifierChars && printable.test(value)
const isCounter = (value: unknown) => value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)

const latest = Date.UTC(9999, 11, 31)

/** What both forms of an envelope have. */
const hasUsualNames = ({
  source,
  type,
  run,
  agent,
  task,
  cause,
  seq,
  epoch,
  trace,
}: Partial<Readonly<Record<keyof EventInput, unknown>>>) =>
  isName(source) &&
  typeof type === 'string' &&
  type.length <= limits.typeChars &&
  typeName.test(type) &&
  (run === undefined || isName(run)) &&
  (agent === undefined || isName(agent)) &&
  (task === undefined || isName(task)) &&
  (cause === undefined || isName(cause)) &&
  (trace === undefined || isName(trace)) &&
  isCounter(seq) &&
  isCounter(epoch)

/** Of an event that was made here, whose id and time need no reading. */
export const isUsualMade = (made: MadeEvent): boolean => made.time >= 0 && made.time <= latest && hasUsualNames(made)

export interface UsualEnvelopes {
  is(input: unknown): input is EventInput
  /** The schema took it: its day is one of the calendar. */
  learn(input: EventInput): void
}

export function createUsualEnvelopes(): UsualEnvelopes {
  /** The date of the last time that the schema took: events come by the day. */
  let knownDay = 'none yet'
  return {
    is(input): input is EventInput {
      if (typeof input !== 'object' || input === null) return false
      for (const key in input) if (!fields.has(key)) return false
      const { id, time, data } = input as Record<string, unknown>
      return (
        typeof id === 'string' &&
        uuid.test(id) &&
        typeof time === 'string' &&
        time.startsWith(knownDay) &&
        timeOfDay.test(time) &&
        hasUsualNames(input as EventInput) &&
        (data === undefined || (typeof data === 'object' && data !== null && !Array.isArray(data)))
      )
    },
    learn({ time }) {
      knownDay = time.slice(0, 'yyyy-mm-dd'.length)
    },
  }
}
