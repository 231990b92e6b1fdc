/** Options that commands share, and what the environment says where they are not given. */
import { type Config, readConfig } from '@signalbox/server/config.ts'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Address } from '../connect.ts'
import { Failure } from '../failure.ts'
import { parseSpeed, type Speed } from '../send/pace.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface AddressOptions {
  readonly url?: string
  readonly key?: string
}

export const withAddress = (command: Command): Command =>
  command
    .option('--url <url>', 'address of the server (default: $SIGNALBOX_URL, else http://127.0.0.1:4400 or the port in $SIGNALBOX_PORT)')
    .option('--key <key>', 'API key (default: $SIGNALBOX_KEY)')

export function addressOf(options: AddressOptions, env: Environment = process.env): Address {
  const url = options.url || env.SIGNALBOX_URL || `http://127.0.0.1:${env.SIGNALBOX_PORT || 4400}`
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Failure('usage', `"${url}" is no address of a server.`, 'It looks like http://127.0.0.1:4400 .')
  return { url: url.replace(/\/+$/, ''), key: options.key || env.SIGNALBOX_KEY || undefined }
}

/** The server's own settings, for what works on its data. */
export function configOf(env: Environment = process.env): Config {
  try {
    return readConfig(env)
  } catch (cause) {
    throw new Failure('usage', cause instanceof Error ? cause.message : String(cause), 'All settings are in docs/configuration.md.', {
      cause,
    })
  }
}

export function speedOption(text: string): Speed {
  const speed = parseSpeed(text)
  if (speed === undefined) throw new InvalidArgumentError('A speed is a number such as 10x, or max.')
  return speed
}

/** Seconds, given as milliseconds. */
export function gapOption(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds >= 0)) throw new InvalidArgumentError('A gap is a number of seconds.')
  return seconds * 1_000
}

/** One press of Ctrl-C comes more than once: from the terminal, and again from the process that started this one. */
const onePressMs = 500
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `first` at Ctrl-C, SIGTERM or the end of the terminal; at one more the process ends at once. */
export function onStop(first: () => void): void {
  let at: number | undefined
  for (const signal of stopSignals)
    process.on(signal, () => {
      if (at === undefined) {
        at = Date.now()
        first()
      } else if (Date.now() - at > onePressMs) process.exit(1)
    })
}

export function untilStopped(): AbortSignal {
  const stop = new AbortController()
  onStop(() => stop.abort())
  return stop.signal
}
