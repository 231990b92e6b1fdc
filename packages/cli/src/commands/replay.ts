/** `signalbox replay`: a stored run once more as a new run, at a speed, executing nothing. */

import type { EventInput } from '@signalbox/model/event.ts'
import type { Command } from 'commander'
import { connect, type Server } from '../connect.ts'
import { Failure } from '../failure.ts'
import { isObject, type Json, stringOf } from '../import/text.ts'
import { type Speed, sendPaced } from '../send/pace.ts'
import { createRestager, nameRuns } from '../send/restage.ts'
import { liveBanner, mustAnswer, patienceMs } from './import.ts'
import { addressOf, createProgress, gapOption, say, speedOption, untilStopped, whole, withAddress } from './options.ts'

interface ReplayOptions {
  readonly speed: Speed
  readonly maxGap: number
  readonly url: string
  readonly key?: string
}

export function addReplay(program: Command) {
  const command = program
    .command('replay')
    .description('play a stored run again as a new run; its agents get names of their own and nothing is executed')
    .argument('<run>', 'id of the run')
    .option('--speed <speed>', '10x: ten times as fast as it was; max: at once', speedOption, 10)
    .option('--max-gap <seconds>', 'longest silence between two events', gapOption, 2_000)
  withAddress(command).action(async (run: string, options: ReplayOptions) => {
    const progress = createProgress()
    const address = addressOf(options)
    await mustAnswer(connect(address))
    const server = connect({ ...address, patienceMs })
    const events = await eventsOf(server, run)
    if (events.length === 0) throw new Failure('usage', `The run ${run} has no events.`, 'List the runs with: signalbox state')
    const { names, n } = await nameRuns(server, 'replay', [run])
    say(liveBanner(server, [...names.values()], options.speed))
    const restage = createRestager({ runs: names, speed: options.speed, agentPrefix: `replay:${n}/` })
    const sent = await sendPaced(server, events, {
      speed: options.speed,
      maxGapMs: options.maxGap,
      signal: untilStopped(),
      restage,
      onProgress: (now) => progress.show(`Played ${whole(now.sent)} of ${whole(events.length)} events.`),
    })
    progress.end()
    say(`Played ${whole(sent.accepted)} of ${whole(events.length)} events.`)
    if (sent.refused.length > 0)
      throw new Failure(
        'incomplete',
        `${whole(sent.refused.length)} events were refused: ${sent.refused[0]?.message}`,
        'See /v1/quarantine.',
      )
  })
}

/** In time order; what the server itself added (a lost agent) is not part of the story. */
export async function eventsOf(server: Server, run: string): Promise<EventInput[]> {
  const events: EventInput[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await server.get(`/v1/events?run=${encodeURIComponent(run)}&limit=1000&order=asc${query}`)
    const { items, next } = pageOf(page)
    events.push(...items.filter((item) => item.source !== 'signalbox').map(inputOf))
    cursor = next
  }
  return events.sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
}

export function pageOf(page: unknown): { readonly items: readonly Json[]; readonly next: string | undefined } {
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
