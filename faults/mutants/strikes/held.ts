/** Locks that others hold for longer than a commit may take. */
import type { Fault } from '../../world/world.ts'
import { repeatedly } from './plain.ts'

const env = { SIGNALBOX_COMMIT_TIMEOUT_MS: '1000' }

const held = (name: string, lock: string, seconds: number, times: number): Fault => ({
  name,
  setting: { env },
  strike: (world) =>
    repeatedly(times, world, async () => {
      await world.database.query(`do $$ begin ${lock}; perform pg_sleep(${seconds}); end $$`)
      return `held for ${seconds} s`
    }),
})

export const headHeld = held('the head of a partition is locked', 'perform from heads where partition = 0 for update', 2, 2)
export const rowsHeld = held(
  'the rows are locked against writes',
  'lock table projections, projections_kept, projections_open in exclusive mode',
  // Rows of calls that begin and end within one write are not written again by another: it has to miss some of these.
  3,
  2,
)
