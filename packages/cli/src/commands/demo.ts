/** `signalbox demo`: a made-up fleet at work, through the client that real agents use. It says of itself that it is a demonstration. */
import { createAgent } from '@signalbox/client/agent.ts'
import { systemClock } from '@signalbox/client/clock.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { connect, mustAnswer } from '../connect.ts'
import { fewestAgents, mostAgents } from '../demo/cast.ts'
import { play } from '../demo/player.ts'
import { scenario } from '../demo/scenario.ts'
import { createTroupe } from '../demo/troupe.ts'
import { Failure } from '../failure.ts'
import { type AddressOptions, addressOf, untilStopped, withAddress } from './options.ts'
import { counted, createProgress, note, printable, say, whole } from './terminal.ts'

interface DemoOptions extends AddressOptions {
  readonly agents: number
  readonly speed: number
  readonly seed: number
  readonly minutes: number
}

/** An agent is lost after three of them: soon enough to be seen. */
const heartbeatMs = 5_000
const leastHeartbeatMs = 1_000
const mostSpeed = 100
/** One outage is told by every agent; it is said once in so long. */
const sayAgainMs = 10_000

export function addDemo(program: Command) {
  const command = program
    .command('demo')
    .description('let a made-up fleet of agents work, to have something to look at, until Ctrl-C')
    .addOption(new Option('--agents <n>', `how many, ${fewestAgents} to ${mostAgents}`).argParser(agentsOption).default(15))
    .addOption(new Option('--speed <speed>', `2x: twice as fast; at most ${mostSpeed}x`).argParser(demoSpeed).default(1, '1x'))
    .addOption(new Option('--seed <n>', 'what happens; the same number tells the same story').argParser(seedOption).default(1))
    .addOption(
      new Option('--minutes <n>', 'end by itself after so many minutes')
        .argParser(minutesOption)
        .default(Number.POSITIVE_INFINITY, 'until Ctrl-C'),
    )
  withAddress(command).action(runDemo)
}

async function runDemo(options: DemoOptions): Promise<void> {
  const { url, key } = addressOf(options)
  const { agents, seed, speed } = options
  await mustAnswer({ url })
  // A key that is missing or may not send ends it here: the client would keep trying, as it should for a real agent.
  await connect({ url, key }).post('/v1/events', '[]')
  const clock = systemClock
  const progress = createProgress()
  const troupe = createTroupe(
    ({ id, ...part }, onProblem) =>
      createAgent({
        url,
        ...(key === undefined ? {} : { key }),
        agent: id,
        source: `signalbox-demo/${id}`,
        ...part,
        heartbeatMs: Math.max(leastHeartbeatMs, Math.round(heartbeatMs / speed)),
        clock,
        onProblem,
      }),
    createTeller(clock.now),
  )
  say(`A demonstration: ${counted(agents, 'agent')}, all of it made up and marked so. Ctrl-C ends it.\nWatch: ${url}/`)
  const steps = scenario({ seed, agents, play: clock.now().toString(36) })
  const played = await play(steps, troupe, {
    clock,
    speed,
    forMs: options.minutes * 60_000,
    signal: untilStopped(),
    onStep: () => progress.show(`Sent ${whole(troupe.figures().sent)} events.`),
  })
  progress.end()
  say(`Ended. Sent ${whole(played.sent)} events: ${whole(played.refused)} refused, ${whole(played.pending)} lost.`)
  if (played.refused + played.pending > 0)
    throw new Failure('incomplete', 'Not every event came through.', 'The reasons are above; GET /v1/quarantine has what was refused.')
}

function createTeller(now: () => number): (problem: { readonly message: string }) => void {
  const said = new Map<string, number>()
  return ({ message }) => {
    if (now() - (said.get(message) ?? Number.NEGATIVE_INFINITY) < sayAgainMs) return
    said.clear()
    said.set(message, now())
    note(printable(message))
  }
}

function agentsOption(text: string): number {
  const agents = Number(text)
  if (!Number.isInteger(agents) || agents < fewestAgents || agents > mostAgents)
    throw new InvalidArgumentError(`A fleet has ${fewestAgents} to ${mostAgents} agents.`)
  return agents
}

function demoSpeed(text: string): number {
  const speed = Number(text.replace(/x$/, ''))
  if (!(speed > 0 && speed <= mostSpeed)) throw new InvalidArgumentError(`A speed is a number such as 2x, at most ${mostSpeed}x.`)
  return speed
}

function seedOption(text: string): number {
  const seed = Number(text)
  if (text.trim() === '' || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new InvalidArgumentError('A seed is a whole number.')
  return seed
}

function minutesOption(text: string): number {
  const minutes = Number(text)
  if (!(minutes > 0)) throw new InvalidArgumentError('Minutes are a number above 0.')
  return minutes
}
