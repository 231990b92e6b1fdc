/** `signalbox watch`: what a tool writes on this machine, as it writes it. */
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EventInput } from '@signalbox/model/event.ts'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { connect, mustAnswer } from '../connect.ts'
import { Failure } from '../failure.ts'
import { nothing, type Sent, sendAll } from '../send/send.ts'
import { follow } from '../watch/follow.ts'
import { defaultPlace, openOffsets } from '../watch/offsets.ts'
import { createWatcher } from '../watch/watcher.ts'
import { type AddressOptions, addressOf, untilStopped, withAddress } from './options.ts'
import { mustBeTaken } from './playing.ts'
import { describeSent } from './report.ts'
import { createProgress, note, say, whole } from './terminal.ts'

interface WatchOptions extends AddressOptions {
  readonly days: number
  readonly once?: boolean
  readonly state?: string
}

const dayMs = 86_400_000
/** The retention may be a day; older events enter as history. */
const historyMs = dayMs / 2
/** Nobody else keeps what is in the files: it waits for a server as long as it takes. */
const patienceMs = 365 * dayMs

export function addWatch(program: Command) {
  const group = program.command('watch').description('follow what a tool writes on this machine and send it, until Ctrl-C')
  const command = group
    .command('claude-code')
    .description('sessions of Claude Code, from its transcripts: for who cannot set hooks; the same events as import')
    .argument('[folder]', 'where the transcripts are (default: ~/.claude/projects)')
    .option('--days <days>', 'at the first start, send sessions that changed within so many days', daysOption, 1)
    .option('--once', 'send what is there and end')
    .option(
      '--state <file>',
      'where to keep how far it has read (default: in $XDG_STATE_HOME or ~/.local/state, one for each server and folder)',
    )
  withAddress(command).action(runWatch)
}

function daysOption(text: string): number {
  const days = Number(text)
  if (text.trim() === '' || !(days >= 0)) throw new InvalidArgumentError('It is a number of days.')
  return days
}

async function runWatch(given: string | undefined, options: WatchOptions): Promise<void> {
  const folder = resolve(given ?? join(homedir(), '.claude', 'projects'))
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new Failure('usage', `There is no folder ${folder}.`, 'Name the folder of the transcripts.')
  const address = addressOf(options)
  await mustAnswer(address)
  const signal = untilStopped()
  const progress = createProgress()
  const server = connect({
    ...address,
    patienceMs,
    signal,
    onRetry: (why) => progress.wait(`Waiting: ${why}. It goes on when the server does.`),
  })
  let total: Sent = nothing
  const send = async (events: readonly EventInput[]) => {
    for (const [part, isHistory] of split(events, Date.now() - historyMs)) {
      const sent = await sendAll(server, part, { signal, onProgress: () => {} }, isHistory)
      if (sent.sent < part.length) throw new Stopped()
      for (const { code, message } of sent.refused) note(`an event was refused: ${code}: ${message}`)
      total = sum(total, sent)
    }
    progress.show(`Sent ${whole(total.sent)} events, ${whole(total.accepted)} of them new.`)
  }
  const now = Date.now
  const offsets = await openOffsets(options.state ?? defaultPlace(address.url, folder))
  const onUnreadable = (path: string, error: unknown) => note(`${path} cannot be read: ${String(error)}`)
  const watcher = createWatcher({ folder, offsets, send, since: now() - options.days * dayMs, now, onUnreadable })
  try {
    await watcher.pass()
    if (!options.once) {
      progress.end()
      say(`${describeSent(total)}\nFollowing ${folder}; Ctrl-C ends it.`)
      await follow(watcher, { folder, signal, onFault: (error) => note(`changes are seen later than usual: ${String(error)}`) })
    }
  } catch (error) {
    // What was not sent is read again at the next start.
    if (!signal.aborted) throw error
  } finally {
    progress.end()
    await offsets.save()
  }
  say(describeSent(total))
  mustBeTaken({ sent: total, isStopped: signal.aborted })
}

/** Ctrl-C came before all was sent. */
class Stopped extends Error {}

function split(events: readonly EventInput[], before: number): readonly (readonly [readonly EventInput[], boolean])[] {
  const first = events.findIndex(({ time }) => Date.parse(time) >= before)
  const at = first === -1 ? events.length : first
  return [[events.slice(0, at), true] as const, [events.slice(at), false] as const].filter(([part]) => part.length > 0)
}

/** Most refusals that are kept for the report. */
const mostRefused = 1_000
const sum = (a: Sent, b: Sent): Sent => ({
  sent: a.sent + b.sent,
  accepted: a.accepted + b.accepted,
  duplicates: a.duplicates + b.duplicates,
  refused: [...a.refused, ...b.refused].slice(0, mostRefused),
})
