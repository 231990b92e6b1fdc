/** A sender without ids of its own sends a request again, with its Idempotency-Key. */
import { foreignId } from '@signalbox/model/ids.ts'
import { contentHash } from '../../history/content.ts'
import type { Fault } from '../../world/world.ts'

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly refused: readonly { readonly index: number; readonly code: string }[]
  readonly durability: 'durable'
}

const requests = 20

export const idempotencyKey: Fault = {
  name: 'a request is sent twice with its Idempotency-Key',
  async strike({ server, tell }) {
    let call = 0
    for (let n = 0; n < requests; n += 1) {
      const now = Date.now()
      const key = `request-${now}-${n}`
      const events = Array.from({ length: 3 }, (_, i) => ({
        source: 'without-ids',
        type: 'log',
        time: new Date(now).toISOString(),
        agent: 'without-ids',
        data: { n, i },
      }))
      // As the server makes them of the key: nothing else may come into the log.
      const sent = events.map((event, i) => ({
        id: foreignId(event.source, key, String(i), now),
        source: event.source,
        hash: contentHash(event),
      }))
      for (let time = 0; time < 2; time += 1) {
        call += 1
        tell({ op: 'send', type: 'invoke', call, door: 'rest', events: sent })
        const response = await fetch(`${server.url}/v1/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify(events),
        })
        const { accepted, duplicates, refused, durability } = (await response.json()) as Answer
        tell({ op: 'send', type: 'ok', call, accepted, duplicates, refused, durability })
      }
    }
    return `${requests} requests sent twice`
  },
}
