/** Counts into `rollups` what is left of a log that cannot be folded again: events by agent and by type. */
import { minuteMs } from '@signalbox/model/rollup.ts'
import type { Client } from 'pg'
import { createDueRollups } from './due-rollups.ts'
import { toText } from './log-row.ts'
import { readStretches } from './log-rows.ts'
import { addRollups } from './rollups-write.ts'
import { lockSealed } from './sealed.ts'

/** Once, on a log that is no longer whole. Indexes: log_position of each table, primary key of log_chunks. */
export async function countEvents(client: Pick<Client, 'query'>, table: string, partition: number): Promise<void> {
  // What moved between would be counted twice.
  await client.query(lockSealed)
  for (const [kind, agent, name] of [
    ['event', "coalesce(agent, '')", "''"],
    ['type', "''", 'type'],
  ])
    await client.query(
      `insert into ${table} (partition, tenant, minute, kind, agent, name, calls)
       select ${partition}, tenant, time - time % ${minuteMs}, '${kind}', ${agent}, ${name}, count(*)
       from log where partition = ${partition} group by 2, 3, 5, 6`,
    )
  for (let after = 0; ; ) {
    const { rows: next } = await client.query<{ first: string; last: string }>(
      'select first, last from log_chunks where partition = $1 and last > $2 order by last limit 1',
      [partition, after],
    )
    if (next[0] === undefined) return
    const stretch = { partition, after: Number(next[0].first) - 1, upTo: Number(next[0].last) }
    const rollups = createDueRollups()
    rollups.add(
      [],
      (await readStretches(client, [stretch])).map(({ row }) => toText(row)),
    )
    await addRollups(client, table, partition, rollups.take())
    after = stretch.upTo
  }
}
