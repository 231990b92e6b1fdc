/** Counts into `rollups` what is left of a log that cannot be folded again: events by agent and by type. */
import { minuteMs } from '@signalbox/model/rollup.ts'
import type { Client } from 'pg'
import { durationColumns, rollupSums } from './rollups-write.ts'

/** Once, on a log that is no longer whole. Index: log_position of each table. */
export async function countEvents(client: Pick<Client, 'query'>, table: string, partition: number): Promise<void> {
  const [, ...zeros] = [...rollupSums, ...durationColumns]
  for (const [kind, agent, name] of [
    ['event', "coalesce(agent, '')", "''"],
    ['type', "''", 'type'],
  ])
    await client.query(
      `insert into ${table} (partition, tenant, minute, kind, agent, name, calls, ${zeros.join()})
       select ${partition}, tenant, time - time % ${minuteMs}, '${kind}', ${agent}, ${name}, count(*), ${zeros.map(() => 0).join()}
       from log where partition = ${partition} group by 2, 3, 5, 6`,
    )
}
