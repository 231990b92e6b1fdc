/** The reference of durable ingest: PostgreSQL alone copies the same rows into the same table, over one connection, for as long as we take events. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { copyLine } from '@signalbox/server/store/log-row.ts'
import { copyIntoLog } from '@signalbox/server/store/log-write.ts'
import pg from 'pg'
import { createFleet } from '../fleet.ts'

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
/** No sequencer has it. */
const partition = 99
/** No PostgreSQL here copies as many. */
const mostPerSecond = 220_000
/** What was copied stays in the table: rows that are deleted would be vacuumed while the next is measured. */
let position = 0

/** Rows a second. */
export async function bareCopy(database: string, batch: number, seconds: number): Promise<number> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const nextId = createIdSource(Date.now)
  const makeEvents = createFleet(nextId, 0)
  const line = (input: unknown) => {
    const parsed = parseEvent(input, 'bench', limits, nextId)
    if (!parsed.ok) throw new Error(parsed.message)
    position += 1
    return copyLine({ ...parsed.event, partition, position, receivedAt: Date.now() })
  }
  // Rows are made before the clock starts.
  const texts = Array.from({ length: Math.ceil((mostPerSecond * seconds) / batch) }, () =>
    Buffer.from(makeEvents(batch).map(line).join('')),
  )
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1_000
  let copied = 0
  for (const text of texts) {
    await copyIntoLog(client, text)
    copied += batch
    if (elapsed() >= seconds) break
  }
  const rate = copied / elapsed()
  await client.end()
  return rate
}
