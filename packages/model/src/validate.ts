/** From what a sender wrote to an `Event`, or to the reason why not. Runs once an event, on the hot path; compiles its schemas (not for pages under a strict CSP). */
import { Compile } from 'typebox/compile'
import { type EpochMs, type Event, type EventId, EventInput, type TenantId } from './event.ts'
import { inputOf, type MadeEvent } from './foreign.ts'
import type { RefusalCode } from './refusals.ts'
import { rfc3339Ms } from './rfc3339.ts'
import { createUsualEnvelopes, isUsualMade } from './usual.ts'
import { isKnownType, vocabulary } from './vocabulary.ts'

export interface ValidateLimits {
  readonly maxDepth: number
  readonly maxKeys: number
  readonly maxStringChars: number
}

export type Parsed =
  | { readonly ok: true; readonly event: Event; readonly idMade: boolean }
  | { readonly ok: false; readonly code: RefusalCode; readonly message: string; readonly id?: string }

const envelope = Compile(EventInput)
const usual = createUsualEnvelopes()
const dataOf = new Map(Object.entries(vocabulary).map(([type, schema]) => [type, Compile(schema)]))

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params?: object
}

const allowedAt = (path: string, errors: readonly SchemaError[]): string =>
  errors
    .filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === path)
    .map(({ params }) => JSON.stringify((params as { allowedValue?: unknown } | undefined)?.allowedValue))
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1')

/** Keys come from the sender, as long as a body may be. */
const mostPathChars = 300
const shortened = (path: string) => (path.length <= mostPathChars ? path : `${path.slice(0, mostPathChars)}…`)

function explain(found: Iterable<SchemaError>, prefix: string): string {
  const errors = [...found]
  for (const error of errors) {
    const path = shortened(`${prefix}${error.instancePath}`)
    const { requiredProperties: missing } = (error.params ?? {}) as { requiredProperties?: string[] }
    if (missing !== undefined)
      return `${missing.map((name) => `${path}/${name}`).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`
    if (error.keyword === 'const') return `${path} must be ${allowedAt(error.instancePath, errors)}.`
    // The schema's own word for an additional property: what is there has the schema `false`.
    if (error.keyword === 'boolean') return `${path} is not a field of an event; put it in data.`
    return `${path === '' ? 'The event' : path} ${error.message}.`
  }
  return 'The event does not match the schema.'
}

type Problem = { readonly code: RefusalCode; readonly message: string }

function checkLeaf(key: string | number, value: unknown, limits: ValidateLimits): Problem | undefined {
  if (typeof value === 'string') {
    if (value.length <= limits.maxStringChars) return undefined
    return {
      code: 'STRING_TOO_LONG',
      message: `"${String(key).slice(0, 80)}" in /data has ${value.length} characters; the limit is ${limits.maxStringChars}.`,
    }
  }
  if (typeof value !== 'number' || Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))) return undefined
  return { code: 'NUMBER_NOT_EXACT', message: `"${String(key).slice(0, 80)}" in /data cannot be kept exactly.` }
}

/** Lists and objects that are items of lists: they have no key to count by, and millions of empty ones fit in a body. */
const mostNested = 100_000

/** Bounds of `data`, without recursion: depth comes from the sender. */
function checkData(data: object, limits: ValidateLimits): Problem | undefined {
  let keys = 0
  let nested = 0
  let level: object[] = [data]
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limits.maxDepth) return { code: 'TOO_DEEP', message: `/data is nested deeper than ${limits.maxDepth} levels.` }
    const next: object[] = []
    for (const node of level) {
      if (Array.isArray(node)) {
        // By index: `for in` makes a string of each.
        for (let i = 0; i < node.length; i += 1) {
          const value: unknown = node[i]
          if (typeof value === 'object') {
            if (value === null) continue
            nested += 1
            if (nested > mostNested)
              return { code: 'TOO_MANY_KEYS', message: `Lists in /data hold more than ${mostNested} lists and objects.` }
            next.push(value)
            continue
          }
          const problem = checkLeaf(i, value, limits)
          if (problem !== undefined) return problem
        }
        continue
      }
      for (const key in node) {
        keys += 1
        if (keys > limits.maxKeys) return { code: 'TOO_MANY_KEYS', message: `/data has more than ${limits.maxKeys} keys.` }
        if (key === '__proto__') return { code: 'KEY_FORBIDDEN', message: '/data has a key "__proto__".' }
        if (key.length > limits.maxStringChars) return { code: 'STRING_TOO_LONG', message: `A key in /data has ${key.length} characters.` }
        const value: unknown = (node as Record<string, unknown>)[key]
        if (typeof value === 'object') {
          if (value !== null) next.push(value)
          continue
        }
        const problem = checkLeaf(key, value, limits)
        if (problem !== undefined) return problem
      }
    }
    level = next
  }
  return undefined
}

/** Far more than an event has. */
const mostFields = 64
function hasMoreKeys(of: object, most: number): boolean {
  let keys = 0
  for (const _ in of) {
    keys += 1
    if (keys > most) return true
  }
  return false
}
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const noData: Readonly<Record<string, unknown>> = Object.freeze({})

/** `nextId` makes the id of an event that has none; it gets the event's time. */
export function parseEvent(
  input: unknown,
  tenant: TenantId,
  limits: ValidateLimits,
  nextId: (source: string, time: EpochMs) => EventId,
): Parsed {
  const refuse = (code: RefusalCode, message: string): Parsed => {
    const id =
      typeof input === 'object' && input !== null && 'id' in input && typeof input.id === 'string' ? input.id.slice(0, 64) : undefined
    return { ok: false, code, message, ...(id === undefined ? {} : { id }) }
  }
  const fields = isObject(input) ? input : {}
  const isUsual = usual.is(input)
  // The cheap bounds first: checking a million keys against a schema stops everybody for half a minute.
  if (!isUsual && hasMoreKeys(fields, mostFields))
    return refuse('INVALID_EVENT', `The event has more than ${mostFields} fields; put them in data.`)
  const problem = isObject(fields.data) ? checkData(fields.data, limits) : undefined
  if (problem !== undefined) return refuse(problem.code, problem.message)
  if (!isUsual) {
    if (!envelope.Check(input)) return refuse('INVALID_EVENT', explain(envelope.Errors(input), ''))
    usual.learn(input)
  }
  const time = rfc3339Ms(input.time)
  if (!(time >= 0)) return refuse('INVALID_EVENT', '/time must be an RFC 3339 time after 1970.')
  const data = input.data ?? noData
  const unlike = unlikeItsType(input.type, data)
  if (unlike !== undefined) return refuse('INVALID_EVENT', unlike)
  const { source, type, run, agent, task, cause, seq, epoch, trace } = input
  const id = input.id === undefined ? nextId(source, time) : input.id.toLowerCase()
  const made = { id, source, type, time, run, agent, task, cause, seq, epoch, trace, data }
  return { ok: true, idMade: input.id === undefined, event: eventOf(made, tenant) }
}

/** The same for an event that was made here: only what is a stranger's of it is checked. */
export function takeMade(made: MadeEvent, tenant: TenantId, limits: ValidateLimits): Parsed {
  const { id, type, data } = made
  if (!isUsualMade(made)) return parseEvent(inputOf(made), tenant, limits, () => id)
  const problem = checkData(data, limits)
  if (problem !== undefined) return { ok: false, ...problem, id }
  const unlike = unlikeItsType(type, data)
  if (unlike !== undefined) return { ok: false, code: 'INVALID_EVENT', message: unlike, id }
  return { ok: true, idMade: false, event: eventOf(made, tenant) }
}

function unlikeItsType(type: string, data: Readonly<Record<string, unknown>>): string | undefined {
  const schema = isKnownType(type) ? dataOf.get(type) : undefined
  return schema === undefined || schema.Check(data) ? undefined : explain(schema.Errors(data), '/data')
}

function eventOf({ id, source, type, time, run, agent, task, cause, seq, epoch, trace, data }: MadeEvent, tenant: TenantId): Event {
  return { id, tenant, source, type, time, run, agent, task, cause, seq, epoch, trace, data, dataJson: JSON.stringify(data) }
}
