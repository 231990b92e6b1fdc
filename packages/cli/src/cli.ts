/** The command line: runs a command and turns how it ended into words and an exit code. */
import { CommanderError } from 'commander'
import { printable } from './commands/terminal.ts'
import { exitCodes, Failure } from './failure.ts'
import { createProgram } from './program.ts'

// Who read the output has enough of it (`| head`): that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : exitCodes.usage)
  if (error instanceof Failure) {
    process.stderr.write(`signalbox: ${printable(error.message)}\n  ${printable(error.hint)}\n`)
    process.exit(exitCodes[error.kind])
  }
  process.stderr.write(`signalbox: a fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}
