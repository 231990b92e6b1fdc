/** The reference of durable ingest: PostgreSQL alone copies the same rows into the same table, over one connection. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { copyLine } from '@signalbox/server/store/log-row.ts'
import { copyIntoLog } from '@signalbox/server/store/log-write.ts'
import pg from 'pg'
import { createFleet } from '../fleet.ts'

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const batches = 120
/** No sequencer has it. */
const partition = 99

/** Rows a second. */
export async function bareCopy(database: string, batch: number): Promise<number> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const nextId = createIdSource(Date.now)
  const makeEvents = createFleet(nextId, 0)
  // Rows are made before the clock starts.
  const texts = Array.from({ length: batches }, (_, b) =>
    makeEvents(batch)
      .map((input, i) => {
        const parsed = parseEvent(input, 'bench', limits, nextId)
        if (!parsed.ok) throw new Error(parsed.message)
        return copyLine({ ...parsed.event, partition, position: b * batch + i + 1, receivedAt: Date.now() })
      })
      .join(''),
  )
  const startedAt = performance.now()
  for (const text of texts) await copyIntoLog(client, Buffer.from(text))
  const rate = (batches * batch) / ((performance.now() - startedAt) / 1_000)
  await client.query("delete from log where tenant = 'bench'")
  await client.end()
  return rate
}
