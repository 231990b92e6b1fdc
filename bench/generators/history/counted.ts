/** What the consumer that counts producers would have written. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { observe, openProducer, type ProducerBody, show } from '@signalbox/server/streams/producer.ts'
import { consumer } from '@signalbox/server/streams/producer-rows.ts'
import type { Pool } from 'pg'
import { tenant } from './fleet.ts'

export interface Counted {
  add(event: LoggedEvent): void
  write(pool: Pool, upTo: { readonly partition: number; readonly position: number }): Promise<void>
}

/** Each sender is of one partition alone. */
export function createCounted(): Counted {
  const bodies = new Map<string, { readonly body: ProducerBody; at: number }>()
  return {
    add(event) {
      const { source, receivedAt } = event
      const held = bodies.get(source) ?? { body: openProducer(source), at: 0 }
      bodies.set(source, held)
      observe(held.body, event)
      held.at = receivedAt
    },
    async write(pool, { partition, position }) {
      for (const [source, { body, at }] of bodies) {
        show(body, at, at)
        await pool.query('insert into producers (tenant, source, body) values ($1, $2, $3)', [tenant, source, JSON.stringify(body)])
      }
      await pool.query('insert into checkpoints (consumer, partition, position) values ($1, $2, $3)', [consumer, partition, position])
    },
  }
}
