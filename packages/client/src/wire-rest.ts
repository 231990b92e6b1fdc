/** `POST /v1/events`, a request a batch. */
import type { EventInput } from '@signalbox/model/event.ts'
import type { ItemRefusal } from '@signalbox/model/live.ts'
import { type Answer, inHalves, type Retry, type Wire } from './wire.ts'

const requestTimeoutMs = 15_000
/** Browsers refuse larger bodies on a request that may outlive its page. */
const keepaliveBytes = 60_000
/** A missing or revoked key is put right by people, the rest by time; the events are not at fault. */
const passing = [401, 403, 404, 408, 429]

export function createRestWire(url: string, key: string | undefined): Wire {
  async function send(events: readonly EventInput[]): Promise<Answer | Retry> {
    try {
      const body = events.map((event) => JSON.stringify(event)).join('\n')
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
        body,
        // Three bytes are the most a UTF-16 unit takes.
        keepalive: typeof document === 'object' && document.visibilityState === 'hidden' && body.length * 3 < keepaliveBytes,
        signal: AbortSignal.timeout(requestTimeoutMs),
      })
      if (response.ok) {
        const { accepted, duplicates, refused } = (await response.json()) as Omit<Answer, 'kind'>
        return { kind: 'answer', accepted, duplicates, refused }
      }
      const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; refused?: ItemRefusal[] }
      const message = problem.detail ?? `The server answered ${response.status}.`
      if (response.status >= 500 || passing.includes(response.status))
        return { kind: 'retry', why: message, afterMs: 1_000 * (Number(response.headers.get('retry-after')) || 0) }
      if (response.status === 413 && events.length > 1) return await inHalves(events, send)
      return {
        kind: 'answer',
        accepted: 0,
        duplicates: 0,
        refused: problem.refused ?? events.map(({ id }, index) => ({ index, id, code: problem.code ?? 'BAD_REQUEST', message })),
      }
    } catch (error) {
      return { kind: 'retry', why: error instanceof Error ? error.message : String(error), afterMs: 0 }
    }
  }
  return { send, close() {} }
}
