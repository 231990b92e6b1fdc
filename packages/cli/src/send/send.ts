/** Sends events in batches, in their order; the same ids again after a failure, so that nothing is stored twice. */
import type { EventInput } from '@signalbox/model/event.ts'
import { isObject } from '@signalbox/model/text.ts'
import type { Server } from '../connect.ts'

export const batchEvents = 500
/** A quarter of what a server accepts by default. */
export const batchChars = 4_000_000

export interface Refused {
  readonly id: string
  readonly code: string
  readonly message: string
}

export interface Sent {
  readonly sent: number
  readonly accepted: number
  readonly duplicates: number
  readonly refused: readonly Refused[]
}

export const nothing: Sent = { sent: 0, accepted: 0, duplicates: 0, refused: [] }

export function* batches(events: readonly EventInput[]): Generator<{ readonly count: number; readonly body: string }> {
  let parts: string[] = []
  let chars = 0
  for (const event of events) {
    const part = JSON.stringify(event)
    if (parts.length > 0 && (parts.length === batchEvents || chars + part.length > batchChars)) {
      yield { count: parts.length, body: `[${parts.join(',')}]` }
      parts = []
      chars = 0
    }
    parts.push(part)
    chars += part.length
  }
  if (parts.length > 0) yield { count: parts.length, body: `[${parts.join(',')}]` }
}

export interface SendOptions {
  /** Ends it after the batch under way. */
  readonly signal: AbortSignal
  readonly onProgress: (sent: Sent) => void
}

/** At their own times; as history however old they are. */
export async function sendAll(
  server: Server,
  events: readonly EventInput[],
  { signal, onProgress }: SendOptions,
  backfill = true,
): Promise<Sent> {
  let total = nothing
  for (const batch of batches(events)) {
    if (signal.aborted) break
    total = add(total, batch.count, await server.post(`/v1/events${backfill ? '?backfill=true' : ''}`, batch.body))
    onProgress(total)
  }
  return total
}

export function add(total: Sent, count: number, answer: unknown): Sent {
  const body = isObject(answer) ? answer : {}
  const refused = Array.isArray(body.refused) ? body.refused.filter(isObject) : []
  return {
    sent: total.sent + count,
    accepted: total.accepted + Number(body.accepted ?? 0),
    duplicates: total.duplicates + Number(body.duplicates ?? 0),
    refused: [
      ...total.refused,
      ...refused.map((item) => ({ id: String(item.id ?? ''), code: String(item.code), message: String(item.message) })),
    ],
  }
}
