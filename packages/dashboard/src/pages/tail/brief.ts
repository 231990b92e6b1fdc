/** What one line says about an event, from data that may be anything. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { visible } from '../../text.ts'

const briefChars = 300
const telling = ['message', 'error', 'title', 'name', 'note', 'detail', 'model', 'to', 'status', 'text', 'reason'] as const
/** Fields looked at; an event may have a thousand. */
const mostFields = 20

/** The first field that tells something, else the fields themselves; never longer than a line takes. */
export function briefOf({ data }: Pick<StoredEvent, 'data'>): string {
  for (const name of telling) {
    const value = data[name]
    if (typeof value === 'string' && value !== '') return visible(value.slice(0, briefChars))
  }
  let text = ''
  for (const [name, value] of Object.entries(data).slice(0, mostFields)) {
    if (text.length > briefChars) break
    const shown =
      typeof value === 'object' && value !== null ? '{…}' : String(typeof value === 'string' ? value.slice(0, briefChars) : value)
    text += `${text === '' ? '' : ' · '}${name}: ${shown}`
  }
  return visible(text.slice(0, briefChars))
}

export const levels = ['error', 'warn', 'info', 'debug'] as const
export type Level = (typeof levels)[number]

const failing = /failed|lost|rejected|error/
/** As loggers name them; OpenTelemetry's severities begin with the same words. */
const said: readonly (readonly [pattern: RegExp, level: Level])[] = [
  [/^(?:fatal|crit|error|emerg|alert)/i, 'error'],
  [/^warn/i, 'warn'],
  [/^(?:info|notice)/i, 'info'],
  [/^(?:debug|trace|verbose)/i, 'debug'],
]

/** By its type; a log by what it says of itself, a status by what it is. */
export function levelOf({ type, data }: Pick<StoredEvent, 'type' | 'data'>): Level {
  if (failing.test(type)) return 'error'
  if (type === 'log' || type.startsWith('custom.')) {
    const own = data.level ?? data.severity ?? data.severityText
    const level = typeof own === 'string' ? said.find(([pattern]) => pattern.test(own))?.[1] : undefined
    if (level !== undefined) return level
  }
  if (type === 'agent.status') {
    if (data.status === 'stuck' || data.status === 'lost') return 'error'
    if (data.status === 'waiting') return 'warn'
  }
  if (type === 'alert.fired' || /required|requested/.test(type)) return 'warn'
  return type === 'agent.heartbeat' || type === 'metric' ? 'debug' : 'info'
}

/** Sign and colour together: colour is never the only signal. */
export const levelLooks: Readonly<Record<Level, { readonly sign: string; readonly ink: string; readonly edge: string }>> = {
  error: { sign: '✕', ink: 'text-bad', edge: 'border-bad' },
  warn: { sign: '!', ink: 'text-wait', edge: 'border-wait' },
  info: { sign: '·', ink: 'text-soft', edge: 'border-transparent' },
  debug: { sign: '⋅', ink: 'text-faint', edge: 'border-transparent' },
}

const tones: readonly (readonly [pattern: RegExp, ink: string])[] = [
  [failing, 'text-bad'],
  [/required|requested/, 'text-wait'],
  [/completed|finished/, 'text-good'],
  [/started|created|assigned/, 'text-busy'],
  // They come by the clock, and say nothing but that.
  [/heartbeat/, 'text-faint'],
]
export const inkOf = (type: string): string => tones.find(([pattern]) => pattern.test(type))?.[1] ?? 'text-soft'
