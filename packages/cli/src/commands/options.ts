/** Options that commands share, and what the environment says where they are not given. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Address } from '../connect.ts'
import { parseSpeed, type Speed } from '../send/pace.ts'

type Environment = Readonly<Record<string, string | undefined>>

export const withAddress = (command: Command, env: Environment = process.env): Command =>
  command
    .option('--url <url>', 'address of the server', env.SIGNALBOX_URL ?? `http://127.0.0.1:${env.SIGNALBOX_PORT || 4400}`)
    .option('--key <key>', 'API key (default: $SIGNALBOX_KEY)')

export const addressOf = (options: Address, env: Environment = process.env): Address => ({
  url: options.url,
  key: options.key ?? env.SIGNALBOX_KEY,
})

export function speedOption(text: string): Speed {
  const speed = parseSpeed(text)
  if (speed === undefined) throw new InvalidArgumentError('A speed is a number such as 10x, or max.')
  return speed
}

export function gapOption(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0)) throw new InvalidArgumentError('A gap is a number of seconds.')
  return seconds * 1_000
}

/** Aborts at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
export function untilStopped(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}

export const say = (line: string) => void process.stdout.write(`${line}\n`)

/** One line that is written over while it runs; silent where nobody watches. */
export function createProgress() {
  const shown = process.stderr.isTTY === true
  let last = 0
  return {
    show(text: string) {
      if (!shown || Date.now() - last < 100) return
      last = Date.now()
      process.stderr.write(`\r\u001b[K${text}`)
    },
    end() {
      if (shown) process.stderr.write('\r\u001b[K')
    },
  }
}

export const whole = (value: number) => value.toLocaleString('en-US')
