/** Every kept event is what was committed: the hashes of the commits are computed again. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { verifyChain } from '@signalbox/server/sequencer/chain.ts'
import type { Pool } from 'pg'
import { whole } from '../options.ts'
import type { Finding } from './finding.ts'

export async function checkChain(pool: Pool, retainedFrom: EpochMs): Promise<Finding> {
  const name = 'log as committed'
  const { rows } = await pool.query<{ partition: number }>('select partition from heads order by partition')
  const checks = await inTurn(rows, async ({ partition }) => ({ partition, ...(await verifyChain(pool, partition, retainedFrom)) }))
  const broken = checks.flatMap(({ partition, broken: range }) =>
    range === undefined ? [] : [`partition ${partition}, positions ${range.first} to ${range.last}`],
  )
  if (broken.length > 0)
    return {
      name,
      health: 'bad',
      what: `events were changed, lost or added in ${broken.join('; ')}`,
      todo: 'Restore the database from a copy of before, then run: signalbox epoch. Keep this one to find the cause.',
    }
  const sum = (of: 'verified' | 'dropped') => checks.reduce((total, check) => total + check[of], 0)
  const gone = sum('dropped') === 0 ? '' : `; the events of ${whole(sum('dropped'))} left with the retention`
  return { name, health: 'good', what: `${whole(sum('verified'))} commits have the hashes they were given${gone}` }
}

async function inTurn<T, R>(all: readonly T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const one of all) results.push(await run(one))
  return results
}
