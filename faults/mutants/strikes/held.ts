/** A lock that others hold for longer than a commit may take. */
import type { Fault } from '../../world/world.ts'
import { repeatedly } from './plain.ts'

const seconds = 2

export const headHeld: Fault = {
  name: 'the head of a partition is locked',
  setting: { env: { SIGNALBOX_COMMIT_TIMEOUT_MS: '1000' } },
  strike: (world) =>
    repeatedly(2, world, async () => {
      await world.database.query(`do $$ begin perform from heads where partition = 0 for update; perform pg_sleep(${seconds}); end $$`)
      return `held for ${seconds} s`
    }),
}
