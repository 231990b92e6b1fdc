/** The command line. Exit codes: 0 done, 1 a fault, 2 wrong usage, 3 nobody answers, 4 refused, 5 done but not all is well. */
import { Command, CommanderError } from 'commander'
import { addDoctor } from './commands/doctor/doctor.ts'
import { addEpoch } from './commands/epoch.ts'
import { addImport } from './commands/import.ts'
import { addKeys } from './commands/keys.ts'
import { addReplay } from './commands/replay.ts'
import { addState } from './commands/state.ts'
import { addTail } from './commands/tail.ts'
import { addUp } from './commands/up.ts'
import { exitCodes, Failure } from './failure.ts'

const program = new Command('signalbox')
  .description('A control room for fleets of AI agents.')
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 a fault, 2 wrong usage, 3 nobody answers, 4 refused, 5 done but not all is well.')
for (const add of [addUp, addImport, addReplay, addTail, addState, addDoctor, addKeys, addEpoch]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : exitCodes.usage)
  if (error instanceof Failure) {
    process.stderr.write(`signalbox: ${error.message}\n  ${error.hint}\n`)
    process.exit(error.exitCode)
  }
  process.stderr.write(`signalbox: a fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}
