/** What a call or a task was told and said, found in the events of it: bodies are not in the rows, they may be large. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { callsOf } from '@signalbox/model/fold/keys.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import { fetchJson } from '../../live/live.ts'

interface Page {
  readonly items: readonly StoredEvent[]
  readonly next: string | null
}

export interface Found {
  /** Oldest first. */
  readonly events: readonly StoredEvent[]
  /** There are more than were read. */
  readonly more: boolean
}

const pageEvents = 200
/** A page may be short or empty and have a next one: the way back to a call's begin is mostly none. */
const mostPages = 8
const mostTaskEvents = 1_000

const isBegin = ({ type, data }: StoredEvent) => type.endsWith('.started') || typeof data.startedAt === 'string'

const ask = (query: Record<string, string>) => fetchJson<Page>(`/v1/events?${new URLSearchParams(query)}`)

/** Reads page after page until `enough`, or until it has read as much as it may. */
async function read(query: Record<string, string>, enough: (events: readonly StoredEvent[]) => boolean): Promise<Found> {
  const events: StoredEvent[] = []
  let next: string | null = null
  for (let page = 0; page < mostPages; page += 1) {
    const answer: Page = await ask({ ...query, limit: String(pageEvents), ...(next === null ? {} : { cursor: next }) })
    events.push(...answer.items)
    next = answer.next
    if (next === null || enough(events)) break
  }
  return { events: events.sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.position - b.position), more: next !== null }
}

export async function eventsOfCall({ id, kind, run, agent }: Pick<CallRow, 'id' | 'kind' | 'run' | 'agent'>): Promise<Found> {
  if (run !== undefined) {
    const found = await read({ run, call: id, type: `${kind}.*` }, (events) => events.some(isBegin))
    // The begin was found: whatever else there is was told between it and the end.
    return found.events.some(isBegin) ? { ...found, more: false } : found
  }
  const isIt = (event: StoredEvent) => callsOf(event).some((call) => call.id === id)
  const found = await read({ type: `${kind}.*`, ...(agent === undefined ? {} : { agent }) }, (events) =>
    events.some((event) => isIt(event) && isBegin(event)),
  )
  return { ...found, events: found.events.filter(isIt) }
}

export const eventsOfTask = (run: string | undefined, task: string): Promise<Found> =>
  read({ task, order: 'asc', ...(run === undefined ? {} : { run }) }, (events) => events.length >= mostTaskEvents)

export interface Body {
  readonly name: string
  readonly value: unknown
}
export interface Bodies {
  readonly input: readonly Body[]
  readonly output: readonly Body[]
  readonly error: readonly Body[]
  /** What else was told, but for what the fields of the inspector say already. */
  readonly more: readonly Body[]
}

const kinds: Readonly<Record<string, keyof Bodies | 'told'>> = {
  ...Object.fromEntries(
    ['input', 'args', 'arguments', 'prompt', 'messages', 'request', 'system', 'instructions', 'tools'].map((name) => [name, 'input']),
  ),
  ...Object.fromEntries(['output', 'result', 'response', 'completion', 'text', 'content', 'artifact'].map((name) => [name, 'output'])),
  ...Object.fromEntries(['error', 'errorType', 'stack', 'exception'].map((name) => [name, 'error'])),
  ...Object.fromEntries(
    ['call', 'name', 'model', 'usage', 'costMicros', 'startedAt', 'title', 'parent', 'assignee', 'to', 'from'].map((name) => [
      name,
      'told',
    ]),
  ),
}

/** The last event that tells a field is right; what is empty is nothing. */
export function bodiesOf(events: readonly StoredEvent[]): Bodies {
  const fields = new Map<string, unknown>()
  for (const { data } of events)
    for (const [name, value] of Object.entries(data)) if (value !== null && value !== '') fields.set(name, value)
  const of = (wanted: keyof Bodies) =>
    [...fields].flatMap(([name, value]) => ((Object.hasOwn(kinds, name) ? kinds[name] : 'more') === wanted ? [{ name, value }] : []))
  return { input: of('input'), output: of('output'), error: of('error'), more: of('more') }
}

/** As it is counted on the wire, in bytes of UTF-8. */
export const sizeOf = (text: string): number => new TextEncoder().encode(text).length
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** JSON within a string is read as JSON: tools often say it so. */
export function unwrapped(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    const inner: unknown = JSON.parse(value)
    return typeof inner === 'object' && inner !== null ? inner : value
  } catch {
    return value
  }
}
