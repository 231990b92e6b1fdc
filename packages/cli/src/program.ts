/** The commands, and how they end. docs/cli.md is generated from them. */
import { Command } from 'commander'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor/doctor.ts'
import { addEpoch } from './commands/epoch.ts'
import { addImport } from './commands/import.ts'
import { addKeys } from './commands/keys.ts'
import { addReplay } from './commands/replay.ts'
import { addState } from './commands/state.ts'
import { addTail } from './commands/tail.ts'
import { addUp } from './commands/up.ts'
import { addWatch } from './commands/watch.ts'

export const exitCodesText =
  '0 done, 1 a fault, 2 wrong usage, 3 nobody answers, 4 refused, 5 done but not all is well (events refused, a check of doctor that failed, stopped half-way).'

export function createProgram(): Command {
  const program = new Command('signalbox')
    .description('A control room for fleets of AI agents.')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .addHelpText('after', `\nExit codes: ${exitCodesText}`)
  for (const add of [addUp, addDemo, addImport, addWatch, addReplay, addTail, addState, addDoctor, addKeys, addEpoch]) add(program)
  return program
}
