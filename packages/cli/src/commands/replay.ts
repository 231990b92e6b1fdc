/** `signalbox replay`: a stored run once more as a new run, at a speed, executing nothing. */
import type { EventInput } from '@signalbox/model/event.ts'
import { isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import { type Command, Option } from 'commander'
import { connect, mustAnswer, type Server } from '../connect.ts'
import { Failure } from '../failure.ts'
import { type Speed, sendPaced } from '../send/pace.ts'
import { createRestager, nameRuns } from '../send/restage.ts'
import { type AddressOptions, addressOf, gapOption, speedOption, withAddress } from './options.ts'
import { mustBeTaken, playingAs, sending } from './playing.ts'
import { describeSent } from './report.ts'
import { say, whole } from './terminal.ts'

interface ReplayOptions extends AddressOptions {
  readonly speed: Speed
  readonly maxGap: number
}

/** A run is held whole while it is played: at a kilobyte an event half a gigabyte. */
const mostEvents = 500_000
const again = 'What was played stays as it is; playing again begins a new run.'

export function addReplay(program: Command) {
  const command = program
    .command('replay')
    .description('play a stored run again as a new run; its agents get names of their own and nothing is executed')
    .argument('<run>', 'id of the run')
    .addOption(new Option('--speed <speed>', '10x: ten times as fast as it was; max: at once').argParser(speedOption).default(10, '10x'))
    .addOption(new Option('--max-gap <seconds>', 'longest silence between two events').argParser(gapOption).default(2_000, '2'))
  withAddress(command).action(async (run: string, options: ReplayOptions) => {
    const { speed } = options
    const address = addressOf(options)
    await mustAnswer(address)
    const server = connect(address)
    const events = await eventsOf(server, run)
    if (events.length === 0) throw new Failure('usage', `There is no run ${run}.`, 'List the runs with: signalbox state')
    const { names, n } = await nameRuns(server, 'replay', [run])
    say(playingAs(address, [...names.values()], speed))
    const restage = createRestager({ runs: names, speed, agentPrefix: `replay:${n}/` })
    const outcome = await sending(address, events.length, again, (to, how) =>
      sendPaced(to, events, { ...how, speed, maxGapMs: options.maxGap, restage }),
    )
    say(describeSent(outcome.sent))
    if (outcome.isStopped) say(`Stopped. ${again}`)
    mustBeTaken(outcome)
  })
}

/** In time order; what the server itself added (a lost agent) is not part of the story. */
async function eventsOf(server: Server, run: string): Promise<EventInput[]> {
  const events: EventInput[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await server.get(`/v1/events?run=${encodeURIComponent(run)}&limit=1000&order=asc${query}`)
    const { items, next } = pageOf(page)
    events.push(...items.filter((item) => item.source !== 'signalbox').map(inputOf))
    if (events.length > mostEvents)
      throw new Failure(
        'usage',
        `The run ${run} has more than ${whole(mostEvents)} events.`,
        'Too many to play: look at its moments with: signalbox state --at',
      )
    cursor = next
  }
  return events.sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
}

function pageOf(page: unknown): { readonly items: readonly Json[]; readonly next: string | undefined } {
  const body = isObject(page) ? page : {}
  return { items: Array.isArray(body.items) ? body.items.filter(isObject) : [], next: stringOf(body.next) }
}

function inputOf(item: Json): EventInput {
  const { id, source, type, time, run, agent, task, cause, data } = item
  const optional = Object.fromEntries(Object.entries({ run, agent, task, cause }).filter(([, value]) => typeof value === 'string'))
  return {
    id: String(id),
    source: String(source),
    type: String(type),
    time: String(time),
    ...optional,
    data: isObject(data) ? { ...data } : {},
  }
}
