/** `signalbox import`: another tool's recording into the log, as history or as if it happened now. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { connect, mustAnswer } from '../connect.ts'
import { Failure } from '../failure.ts'
import { type Format, formats, type Imported } from '../import/import.ts'
import { readFiles } from '../import/read-files.ts'
import { type Speed, sendPaced } from '../send/pace.ts'
import { createRestager, nameRuns } from '../send/restage.ts'
import { sendAll } from '../send/send.ts'
import { type AddressOptions, addressOf, gapOption, speedOption, withAddress } from './options.ts'
import { mustBeTaken, type Outcome, playingAs, sending } from './playing.ts'
import { describeReport, describeSent } from './report.ts'
import { counted, jsonText, say, whole } from './terminal.ts'

interface ImportOptions extends AddressOptions {
  readonly format: Format
  readonly speed?: Speed
  readonly live?: boolean
  readonly maxGap: number
  readonly dryRun?: boolean
  readonly json?: boolean
}

const liveSpeed = 60
const historyAgain = 'Run the import again: what is there is recognised by its ids, the rest is added.'
const liveAgain = 'What was played stays as it is; playing again begins a new run.'

export function addImport(program: Command) {
  const command = program
    .command('import')
    .description('send a recording of another tool: as history at its own times, or live at a speed')
    .argument('<path>', 'folder or file of the recording')
    .addOption(new Option('--format <format>', 'what wrote it').choices(Object.keys(formats)).makeOptionMandatory())
    .addOption(
      new Option(
        '--speed <speed>',
        'max: as history, at its own times, and again changes nothing; 10x: live, ten times as fast as it was, shifted to now, a new run each time (default: max)',
      ).argParser(speedOption),
    )
    .addOption(new Option('--live', `the same as --speed ${liveSpeed}x`).conflicts('speed'))
    .addOption(new Option('--max-gap <seconds>', 'live: longest silence between two events').argParser(gapOption).default(2_000, '2'))
    .option('--dry-run', 'read and report only; no server is needed')
    .option('--json', 'print the report as JSON')
  withAddress(command).action(runImport)
}

async function runImport(path: string, options: ImportOptions): Promise<void> {
  const speed = options.speed ?? (options.live ? liveSpeed : 'max')
  const address = addressOf(options)
  // Before minutes of reading.
  if (!options.dryRun) await mustAnswer(address)
  const imported = formats[options.format].map(await readFiles(options.format, path))
  if (imported.events.length === 0) throw nothingFound(path, imported)
  const { report } = imported
  if (!options.json) say(describeReport(report))
  if (options.dryRun) return say(options.json ? jsonText({ ...report, sent: null }, 2) : 'Nothing was sent (--dry-run).')

  const outcome = speed === 'max' ? await asHistory(imported, options) : await asLive(imported, speed, options)
  say(options.json ? jsonText({ ...report, sent: outcome.sent, stopped: outcome.isStopped }, 2) : describeSent(outcome.sent))
  if (outcome.isStopped && speed !== 'max' && !options.json) say(`Stopped. ${liveAgain}`)
  if (outcome.isStopped && speed === 'max')
    throw new Failure('incomplete', `Stopped after ${whole(outcome.sent.sent)} of ${whole(report.events)} events.`, historyAgain)
  mustBeTaken(outcome)
}

const asHistory = ({ events }: Imported, options: ImportOptions): Promise<Outcome> =>
  sending(addressOf(options), events.length, historyAgain, (server, how) => sendAll(server, events, how))

async function asLive({ events }: Imported, speed: Speed, options: ImportOptions): Promise<Outcome> {
  const address = addressOf(options)
  const { names } = await nameRuns(connect(address), 'live', [...new Set(events.flatMap((event) => event.run ?? []))])
  if (!options.json) say(playingAs(address, [...names.values()], speed))
  const restage = createRestager({ runs: names, speed, agentPrefix: '' })
  return sending(address, events.length, liveAgain, (server, how) =>
    sendPaced(server, events, { ...how, speed, maxGapMs: options.maxGap, restage }),
  )
}

function nothingFound(path: string, { report }: Imported): Failure {
  const skipped = report.skipped.map(({ what, count, why }) => ` ${whole(count)} × ${what}: ${why}`).join('')
  return new Failure(
    'usage',
    `${path} holds nothing of the format ${report.format} in ${counted(report.files, 'file')}.${skipped}`,
    `docs/imports/${report.format}.md says what it reads.`,
  )
}
