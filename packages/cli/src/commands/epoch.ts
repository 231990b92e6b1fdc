/** `signalbox epoch`: after the data was restored from an older copy, what readers hold may be of events that are no longer there. */
import { beginEpoch } from '@signalbox/server/store/epoch.ts'
import type { Command } from 'commander'
import { withDatabase } from './database.ts'
import { say } from './terminal.ts'

export function addEpoch(program: Command) {
  program
    .command('epoch')
    .description('begin a new epoch, after the data was restored from an older copy: every live reader starts again from a snapshot')
    .action(async () => {
      const epoch = await withDatabase(beginEpoch)
      say(`The log is of epoch ${epoch} from the next start of its server. One that is running goes on with the former epoch: restart it.`)
    })
}
