/** `signalbox tail`: events as they are stored, one line each. */

import { FeedRefused, type Item, subscribe } from '@signalbox/client/subscribe.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { Failure } from '../failure.ts'
import type { Json } from '../import/text.ts'
import { mustAnswer } from './import.ts'
import { addressOf, say, untilStopped, withAddress } from './options.ts'

interface TailOptions {
  readonly run?: string[]
  readonly agent?: string[]
  readonly type?: string[]
  readonly task?: string[]
  readonly json?: boolean
  readonly fromStart?: boolean
  readonly url: string
  readonly key?: string
}

const fields = ['run', 'agent', 'type', 'task'] as const

export function addTail(program: Command) {
  const command = program
    .command('tail')
    .description('print events as they are stored, until Ctrl-C')
    .option('--run <id...>', 'of these runs')
    .option('--agent <id...>', 'of these agents')
    .option('--type <type...>', 'of these types; a type ending in .* is a prefix')
    .option('--task <id...>', 'of these tasks')
    .option('--from-start', 'begin with the oldest event kept instead of now')
    .option('--json', 'print each event as one line of JSON')
  withAddress(command).action(async (options: TailOptions) => {
    const { url, key } = addressOf(options)
    await mustAnswer(connect({ url, key }))
    const filter: Filter = Object.fromEntries(fields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])))
    const items = subscribe({ url: url.replace(/\/+$/, ''), key, filter, fromStart: options.fromStart === true, signal: untilStopped() })
    try {
      for await (const item of items) show(item, options.json === true)
    } catch (error) {
      if (!(error instanceof FeedRefused)) throw error
      throw new Failure('refused', `${error.code}: ${error.message}`, 'Check --key and the filter.', { cause: error })
    }
  })
}

function show(item: Item, json: boolean) {
  if (item.kind === 'event') say(json ? JSON.stringify(item.event) : eventLine(item.event))
  else if (item.kind === 'gap') process.stderr.write(`signalbox: events left out (${item.reason}); they are at ${item.fetch}\n`)
  else if (item.kind === 'resync') process.stderr.write(`signalbox: the history before here is gone (${item.reason}); going on from now\n`)
}

const telling = ['title', 'name', 'status', 'note', 'text', 'to', 'error', 'detail', 'reason'] as const

export function eventLine(event: {
  readonly time: string
  readonly type: string
  readonly agent?: string
  readonly run?: string
  readonly task?: string
  readonly data: Json
}): string {
  const words = telling.flatMap((key) =>
    typeof event.data[key] === 'string' && event.data[key] !== '' ? [`${key}=${short(event.data[key])}`] : [],
  )
  return [
    event.time.slice(11, 23),
    event.type.padEnd(18),
    (event.agent ?? event.run ?? '-').padEnd(28),
    event.task ?? '',
    ...words.slice(0, 3),
  ]
    .join('  ')
    .trimEnd()
}

/** What agents wrote must not drive the terminal. */
const short = (text: string) => {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
