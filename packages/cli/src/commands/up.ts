/** `signalbox up`: the whole server in this process, until it is told to stop. */

import { startApp } from '@signalbox/server/app.ts'
import { readConfig } from '@signalbox/server/config.ts'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'
import { say } from './options.ts'

/** A stop that takes longer than this is ended by force. */
const stopWithinMs = 10_000

export function addUp(program: Command) {
  program
    .command('up')
    .description('start the server, its database and the dashboard')
    .action(async () => {
      const config = configOf()
      const app = await startApp(config)
      say(banner(app.url))
      let stopping = false
      const stop = () => {
        if (stopping) process.exit(1)
        stopping = true
        process.stderr.write('signalbox: stopping …\n')
        setTimeout(() => process.exit(1), stopWithinMs).unref()
        app.stop().then(
          () => process.exit(0),
          (error: unknown) => {
            process.stderr.write(`signalbox: the stop failed: ${String(error)}\n`)
            process.exit(1)
          },
        )
      }
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
    })
}

function configOf() {
  try {
    return readConfig(process.env)
  } catch (error) {
    throw new Failure('usage', error instanceof Error ? error.message : String(error), 'All settings are in docs/configuration.md.')
  }
}

export const banner = (url: string) => `
  Signalbox is up:  ${url}/

  Open the page. Then watch a real fleet move; paste this into a second terminal:
    npm run -s signalbox -- import --format gastown <folder of the recording> --speed 300x${url.endsWith(':4400') ? '' : ` --url ${url}`}

  Ctrl-C stops it. Data stays.
`
