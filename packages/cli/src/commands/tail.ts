/** `signalbox tail`: events as they are stored, one line each. */
import { FeedRefused, type Item, subscribe } from '@signalbox/client/subscribe.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { Json } from '@signalbox/model/text.ts'
import type { Command } from 'commander'
import { mustAnswer } from '../connect.ts'
import { Failure } from '../failure.ts'
import { type AddressOptions, addressOf, untilStopped, withAddress } from './options.ts'
import { jsonText, note, printable, sayPaced } from './terminal.ts'

interface TailOptions extends AddressOptions {
  readonly run?: string[]
  readonly agent?: string[]
  readonly type?: string[]
  readonly task?: string[]
  readonly json?: boolean
  readonly fromStart?: boolean
}

const fields = ['run', 'agent', 'type', 'task'] as const

export function addTail(program: Command) {
  const command = program
    .command('tail')
    .description('print events as they are stored, until Ctrl-C; goes on by itself where it was when the server comes back')
    .option('--run <id...>', 'of these runs')
    .option('--agent <id...>', 'of these agents')
    .option('--type <type...>', 'of these types; a type ending in .* is a prefix')
    .option('--task <id...>', 'of these tasks')
    .option('--from-start', 'begin with the oldest event kept instead of now')
    .option('--json', 'print each event as one line of JSON')
  withAddress(command).action(async (options: TailOptions) => {
    const { url, key } = addressOf(options)
    await mustAnswer({ url })
    const filter: Filter = Object.fromEntries(fields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])))
    let wasLost: boolean | undefined
    const items = subscribe({
      url,
      key,
      filter,
      fromStart: options.fromStart === true,
      signal: untilStopped(),
      onStatus({ state, reason }) {
        if (state === 'waiting' && wasLost !== true) note(`the feed is interrupted (${reason ?? 'the connection was lost'}); trying again`)
        else if (state === 'open' && wasLost !== false) note(wasLost ? 'the feed goes on' : `following ${url}; Ctrl-C ends it`)
        if (state === 'waiting' || state === 'open') wasLost = state === 'waiting'
      },
    })
    try {
      for await (const item of items) await show(item, options.json === true)
    } catch (error) {
      if (!(error instanceof FeedRefused)) throw error
      throw new Failure('refused', `The server refused the feed: ${error.code}: ${error.message}`, 'Check --key and the filter.', {
        cause: error,
      })
    }
  })
}

async function show(item: Item, json: boolean): Promise<void> {
  if (item.kind === 'event') await sayPaced(json ? jsonText(item.event) : eventLine(item.event))
  else if (item.kind === 'gap') note(`events were left out here (${item.reason}); what is kept of them is at ${item.fetch}`)
  else if (item.kind === 'resync') note(resyncs[item.reason])
}

const resyncs = {
  epoch: 'the log is another than before (restored, or a new epoch); going on from now',
  future: 'the log ends before what was read of it; going on from now',
  expired: 'events before here left with the retention; going on with the oldest kept',
} as const satisfies Record<Extract<Item, { kind: 'resync' }>['reason'], string>

const telling = ['title', 'name', 'status', 'note', 'text', 'to', 'error', 'detail', 'reason'] as const
const mostWords = 3
const wordChars = 80

function eventLine(event: {
  readonly time: string
  readonly type: string
  readonly agent?: string
  readonly run?: string
  readonly task?: string
  readonly data: Json
}): string {
  const words = telling.flatMap((key) =>
    typeof event.data[key] === 'string' && event.data[key] !== '' ? [`${key}=${printable(event.data[key], wordChars)}`] : [],
  )
  return printable(
    [
      event.time.slice(11, 23),
      event.type.padEnd(18),
      (event.agent ?? event.run ?? '-').padEnd(28),
      event.task ?? '',
      ...words.slice(0, mostWords),
    ].join('  '),
  ).trimEnd()
}
