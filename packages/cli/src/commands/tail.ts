/** `signalbox tail`: events as they are stored, one line each. */

import type { ServerFrame } from '@signalbox/model/live.ts'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { isObject, type Json } from '../import/text.ts'
import { patienceMs } from './import.ts'
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
    const stopped = untilStopped()
    const server = connect({
      ...addressOf(options),
      patienceMs,
      onRetry: (why) => process.stderr.write(`signalbox: ${why}; trying again\n`),
    })
    const filter = fields.flatMap((field) => (options[field] ?? []).map((value) => `&${field}=${encodeURIComponent(value)}`)).join('')
    stopped.addEventListener('abort', () => process.exit(0))
    for (let cursor: string | undefined; !stopped.aborted; ) {
      const from: string = cursor === undefined ? (options.fromStart ? '&from=start' : '') : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await server.get(`/v1/poll?feed=events${filter}${from}`)
      const body = isObject(answer) ? answer : {}
      cursor = String(body.cursor)
      for (const frame of (Array.isArray(body.frames) ? body.frames : []) as ServerFrame[]) show(frame, options.json === true)
    }
  })
}

function show(frame: ServerFrame, json: boolean) {
  if (frame.kind === 'events') for (const event of frame.items) say(json ? JSON.stringify(event) : eventLine(event))
  else if (frame.kind === 'gap') process.stderr.write(`signalbox: events left out (${frame.reason}); they are at ${frame.fetch}\n`)
  else if (frame.kind === 'resync')
    process.stderr.write(`signalbox: the history before here is gone (${frame.reason}); going on from now\n`)
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
