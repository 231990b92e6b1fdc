/** Every kept event is what was committed: the hashes of the commits are computed again. */
import { verifyChain } from '@signalbox/server/sequencer/chain.ts'
import type { Pool } from 'pg'
import { whole } from '../terminal.ts'
import type { Finding, Progress } from './finding.ts'

const name = 'log as committed'

export async function checkChain(pool: Pool, progress: Progress): Promise<Finding> {
  const { rows } = await pool.query<{ partition: number }>('select partition from heads order by partition')
  const broken: string[] = []
  let verified = 0
  let dropped = 0
  for (const { partition } of rows) {
    const check = await verifyChain(pool, partition, (at, of) =>
      progress(`hashed ${whole(at)} of ${whole(of)} events of partition ${partition}`),
    )
    verified += check.verified
    dropped += check.dropped
    if (check.broken !== undefined)
      broken.push(`partition ${partition}, positions ${whole(check.broken.first)} to ${whole(check.broken.last)}`)
  }
  if (broken.length > 0)
    return {
      name,
      health: 'bad',
      what: `events were changed, lost or added: first in ${broken.join('; ')}`,
      todo: 'Keep a copy of the data as it is, to find the cause. Then restore a backup of before, and run: signalbox epoch',
    }
  const gone = dropped === 0 ? '' : `; ${whole(dropped)} more cannot be checked, their events left with the retention`
  return { name, health: 'good', what: `${whole(verified)} commits have the hashes they were given${gone}` }
}
