/** `signalbox import`: another tool's recording into the log, as history or as if it happened now. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { connect, type Server, unreachable } from '../connect.ts'
import { Failure } from '../failure.ts'
import { type Format, formats, type Imported } from '../import/import.ts'
import { readFiles } from '../import/read-files.ts'
import { type Speed, sendPaced } from '../send/pace.ts'
import { createRestager, nameRuns, speedText } from '../send/restage.ts'
import { type Sent, sendAll } from '../send/send.ts'
import { addressOf, createProgress, gapOption, say, speedOption, untilStopped, whole, withAddress } from './options.ts'
import { describeReport } from './report.ts'

interface ImportOptions {
  readonly format: Format
  readonly speed?: Speed
  readonly live?: boolean
  readonly maxGap: number
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly url: string
  readonly key?: string
}

/** How long one batch is tried again while the server is away. */
export const patienceMs = 120_000
const liveSpeed = 60

export function addImport(program: Command) {
  const command = program
    .command('import')
    .description('send a recording of another tool: as history at its own times, or live at a speed')
    .argument('<path>', 'folder or file of the recording')
    .addOption(new Option('--format <format>', 'what wrote it').choices(Object.keys(formats)).makeOptionMandatory())
    .option('--speed <speed>', 'max: as history, at its own times. 10x: live, shifted to now, ten times as fast as it was', speedOption)
    .option('--live', `the same as --speed ${liveSpeed}x`)
    .option('--max-gap <seconds>', 'live: longest silence between two events', gapOption, 2_000)
    .option('--dry-run', 'read and report only; no server is needed')
    .option('--json', 'print the report as JSON')
  withAddress(command).action(async (path: string, options: ImportOptions) => runImport(path, options))
}

async function runImport(path: string, options: ImportOptions) {
  const imported = formats[options.format].map(await readFiles(options.format, path))
  const speed = options.speed ?? (options.live ? liveSpeed : 'max')
  const sent = options.dryRun ? undefined : await send(imported, speed, options)
  say(options.json ? JSON.stringify({ ...imported.report, sent }, null, 2) : describeReport(imported.report, sent))
  if (sent !== undefined && sent.refused.length > 0)
    throw new Failure(
      'incomplete',
      `${whole(sent.refused.length)} events were refused.`,
      'Their reasons are above; their content is in /v1/quarantine.',
    )
}

async function send(imported: Imported, speed: Speed, options: ImportOptions): Promise<Sent> {
  const { events } = imported
  const progress = createProgress()
  const address = addressOf(options)
  await mustAnswer(connect(address))
  const server = connect({ ...address, patienceMs, onRetry: (why) => progress.show(`Waiting: ${why}; trying again with the same ids.`) })
  const show = (sent: Sent) => progress.show(`Sent ${whole(sent.sent)} of ${whole(events.length)} events.`)
  try {
    if (speed === 'max') return await sendAll(server, events, true, show)
    const runs = [...new Set(events.flatMap((event) => event.run ?? []))]
    const { names } = await nameRuns(server, 'live', runs)
    if (!options.json) say(liveBanner(server, [...names.values()], speed))
    const restage = createRestager({ runs: names, speed, agentPrefix: '' })
    return await sendPaced(server, events, { speed, maxGapMs: options.maxGap, signal: untilStopped(), restage, onProgress: show })
  } finally {
    progress.end()
  }
}

/** Says at once that nobody is there, instead of trying for minutes. */
export async function mustAnswer(server: Server) {
  await server.get('/livez').catch((error: unknown) => {
    if (error instanceof Failure && error.exitCode !== 3) return
    throw error instanceof Failure ? error : unreachable(server.url)
  })
}

export function liveBanner(server: Server, runs: readonly string[], speed: Speed): string {
  const named = runs.length === 1 ? `as the run ${runs[0]}` : `as ${runs.length} runs`
  return `Playing ${named} at ${speed === 'max' ? 'full speed' : speedText(speed)}, times shifted to now. Watch it at ${server.url}/ . Ctrl-C stops.`
}
