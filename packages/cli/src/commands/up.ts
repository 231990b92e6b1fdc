/** `signalbox up`: the whole server in this process, until it is told to stop. */
import type { App } from '@signalbox/server/app.ts'
import { CannotStart } from '@signalbox/server/config.ts'
import { NoAnswer } from '@signalbox/server/store/answers.ts'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'
import { tuneEngine } from './engine.ts'
import { configOf, onStop } from './options.ts'
import { note, say } from './terminal.ts'

/** A stop that takes longer than this is ended by force. */
const stopWithinMs = 10_000

export function addUp(program: Command) {
  program
    .command('up')
    .description('start the server, its database and the dashboard; settings are environment variables (docs/configuration.md)')
    .action(async () => {
      const config = configOf()
      tuneEngine()
      // The other commands do without the server's code.
      const { startApp } = await import('@signalbox/server/app.ts')
      const starting = startApp(config)
      // From here on: a start that is cut short must not leave its database behind.
      onStop(() => void stop(starting))
      const app = await starting.catch((error: unknown) => {
        throw whyNot(error, `${config.host}:${config.port}`) ?? error
      })
      say(banner(app.url))
    })
}

async function stop(starting: Promise<App>): Promise<void> {
  note('stopping …')
  setTimeout(() => {
    note(`the stop took longer than ${stopWithinMs / 1_000} s and was ended by force`)
    process.exit(1)
  }, stopWithinMs).unref()
  // A start that failed says so itself.
  const app = await starting.catch(() => undefined)
  try {
    await app?.stop()
    process.exit(app === undefined ? 1 : 0)
  } catch (error) {
    note(`the stop failed: ${String(error)}`)
    process.exit(1)
  }
}

const settingsHint = 'All settings are in docs/configuration.md.'

/** What listening on an address can fail with. */
const addressFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: another Signalbox, or another program, listens there',
  EADDRNOTAVAIL: 'is no address of this machine',
  EACCES: 'may not be used by this user',
  ENOTFOUND: 'is no address of this machine',
}

/** Undefined for what is none of the user's doing. */
function whyNot(error: unknown, address: string): Failure | undefined {
  if (error instanceof CannotStart) return new Failure('usage', error.message, settingsHint, { cause: error })
  if (error instanceof NoAnswer) return new Failure('unreachable', error.message, settingsHint, { cause: error })
  const { code = '', syscall } = error as NodeJS.ErrnoException
  const fault = syscall === 'listen' || syscall === 'getaddrinfo' ? addressFaults[code] : undefined
  if (fault !== undefined)
    return new Failure(
      'usage',
      `${address} ${fault}.`,
      'Set SIGNALBOX_PORT (or SIGNALBOX_HOST) to another; SIGNALBOX_PORT=0 takes a free port.',
      {
        cause: error,
      },
    )
  if (syscall !== undefined && error instanceof Error)
    return new Failure('usage', `The server could not start: ${error.message}.`, 'SIGNALBOX_DATA names the folder of its data.', {
      cause: error,
    })
  return undefined
}

const banner = (url: string) => `
  Signalbox is up:  ${url}/

  Open the page. To see a made-up fleet at work, paste this into a second terminal:
    npm run -s signalbox -- demo${url.endsWith(':4400') ? '' : ` --url ${url}`}

  Ctrl-C stops it. Data stays.
`
