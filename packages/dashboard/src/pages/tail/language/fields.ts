/** What a filter can ask of an event, once: the parser, the evaluator, completion and the help read the same tables. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { levelOf, levels } from '../brief.ts'

interface TextField {
  readonly about: string
  readonly read: (event: StoredEvent) => string | undefined
}

export const textFields: Readonly<Record<string, TextField>> = {
  type: { about: 'what happened, as tool.failed or tool.*', read: ({ type }) => type },
  agent: { about: 'who it is about', read: ({ agent }) => agent },
  run: { about: 'of which run', read: ({ run }) => run },
  task: { about: 'of which task', read: ({ task }) => task },
  level: { about: levels.join(', '), read: levelOf },
  source: { about: 'who sent it', read: ({ source }) => source },
  id: { about: 'the event’s own id', read: ({ id }) => id },
  cause: { about: 'the id of what caused it', read: ({ cause }) => cause },
  trace: { about: 'its W3C traceparent', read: ({ trace }) => trace },
}

/** What an event is, by names that stand for several types. */
export const kinds: Readonly<Record<string, { readonly about: string; readonly test: (event: StoredEvent) => boolean }>> = {
  error: { about: 'level error', test: (event) => levelOf(event) === 'error' },
  failed: { about: 'a task, a call or a run failed', test: ({ type }) => type.endsWith('.failed') },
  waiting: { about: 'somebody has to answer', test: ({ type }) => /^task\.(input|auth)_required$|^approval\.requested$/.test(type) },
  started: { about: 'something began', test: ({ type }) => type.endsWith('.started') },
  ended: { about: 'something came to an end', test: ({ type }) => /\.(finished|completed|failed|canceled|rejected|stopped)$/.test(type) },
  delegation: { about: 'work was given to somebody', test: ({ type }) => type === 'task.assigned' || type === 'handoff' },
}

interface FigureField {
  readonly about: string
  /** As one would write it. */
  readonly example: string
  readonly read: (event: StoredEvent) => number | undefined
  /** NaN where the text is none. */
  readonly parse: (written: string) => number
}

const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
const scaled = (pattern: RegExp, scales: Readonly<Record<string, number>>) => (written: string) => {
  const [, digits = '', unit = ''] = pattern.exec(written) ?? []
  return digits === '' ? Number.NaN : Number(digits) * (scales[unit] ?? Number.NaN)
}
const plain = scaled(/^(-?\d{1,15}(?:\.\d{1,9})?)([kM]?)$/, { '': 1, k: 1_000, M: 1_000_000 })

/** Of a call that ended and says when it began. */
function durationOf({ time, data }: StoredEvent): number | undefined {
  if (typeof data.durationMs === 'number') return data.durationMs
  if (typeof data.startedAt !== 'string') return undefined
  const ms = Date.parse(time) - Date.parse(data.startedAt)
  return Number.isNaN(ms) ? undefined : ms
}

function tokensOf({ data: { usage } }: StoredEvent): number | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined
  const { inputTokens, outputTokens } = usage as { readonly inputTokens?: unknown; readonly outputTokens?: unknown }
  return number(inputTokens) === undefined && number(outputTokens) === undefined
    ? undefined
    : (number(inputTokens) ?? 0) + (number(outputTokens) ?? 0)
}

export const figureFields: Readonly<Record<string, FigureField>> = {
  duration: {
    about: 'how long a call took, in ms, s, m or h',
    example: 'duration>2s',
    read: durationOf,
    parse: scaled(/^(\d{1,12}(?:\.\d{1,9})?)(ms|s|m|h)$/, { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }),
  },
  cost: {
    about: 'what it cost, in dollars',
    example: 'cost>0.01',
    read: ({ data }) => (typeof data.costMicros === 'number' ? data.costMicros / 1_000_000 : undefined),
    parse: (written) => plain(written.replace(/^\$/, '')),
  },
  tokens: { about: 'tokens in and out of a call', example: 'tokens>10k', read: tokensOf, parse: plain },
  seq: { about: 'its number by its producer', example: 'seq>100', read: ({ seq }) => seq, parse: plain },
}

/** `data.` and a path: `data.usage.inputTokens`. */
const dataPath = /^data\.[\w-]+(?:\.[\w-]+)*$/
export const isDataField = (field: string): boolean => dataPath.test(field)

export function dataAt(event: StoredEvent, field: string): unknown {
  let at: unknown = event.data
  for (const name of field.split('.').slice(1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

export const isTextField = (field: string): boolean => Object.hasOwn(textFields, field)
export const isFigureField = (field: string): boolean => Object.hasOwn(figureFields, field)
export const isKind = (name: string): boolean => Object.hasOwn(kinds, name)

/** The figure that was written for a field; NaN where it is none. */
export const figureOf = (field: string, written: string): number => (figureFields[field]?.parse ?? plain)(written)
