/** A recorded event made again as a new one of a new run, at a new time. Nothing is executed: it only tells the story once more. */
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import { foreignId } from '@signalbox/model/ids.ts'
import type { Server } from '../connect.ts'
import type { Speed } from './pace.ts'

export interface Restaging {
  /** New run of each recorded run. */
  readonly runs: ReadonlyMap<string, string>
  readonly speed: Speed
  /** With it, agents get new names too, so that the story does not move the rows of agents that are at work now. */
  readonly agentPrefix: string
}

const agentFields = ['to', 'from', 'manager', 'assignee'] as const

export function createRestager(staging: Restaging): (event: EventInput, time: EpochMs) => EventInput {
  const ids = new Map<string, string>()
  const { agentPrefix } = staging
  return (event, time) => {
    const run = event.run === undefined ? undefined : staging.runs.get(event.run)
    const source = `${agentPrefix === '' ? 'live' : 'replay'}:${event.source}`
    const id = foreignId(source, `${run}\n${event.id}`, event.type, time)
    if (event.id !== undefined) ids.set(event.id, id)
    const cause = event.cause === undefined ? undefined : ids.get(event.cause)
    const data: Record<string, unknown> = { ...event.data }
    // Recorded heartbeats do not come at their interval again; their silence would be taken for a loss.
    delete data.intervalMs
    for (const field of agentFields) if (typeof data[field] === 'string' && agentPrefix !== '') data[field] = agentPrefix + data[field]
    if (event.type === 'run.started')
      data.name = `${String(data.name ?? event.run)} (${agentPrefix === '' ? 'recorded, live' : 'replay'} at ${speedText(staging.speed)})`
    data.replay = { of: event.run ?? null, speed: speedText(staging.speed), at: event.time, shiftedMs: time - Date.parse(event.time) }
    return {
      id,
      source,
      type: event.type,
      time: new Date(time).toISOString(),
      ...(run === undefined ? {} : { run }),
      ...(event.agent === undefined ? {} : { agent: agentPrefix + event.agent }),
      ...(event.task === undefined ? {} : { task: event.task }),
      ...(cause === undefined ? {} : { cause }),
      data,
    }
  }
}

export const speedText = (speed: Speed) => (speed === 'max' ? 'max' : `${speed}x`)

/** Names the new runs `<kind>:<run>:<n>` with the first n that is free for all of them. */
export async function nameRuns(
  server: Server,
  kind: 'live' | 'replay',
  runs: readonly string[],
): Promise<{ n: number; names: Map<string, string> }> {
  for (let n = 1; ; n += 1) {
    const names = new Map(runs.map((run) => [run, `${kind}:${run}:${n}`]))
    const first = names.get(runs[0] ?? '')
    if (first === undefined || (await server.get(`/v1/runs/${encodeURIComponent(first)}`)) === undefined) return { n, names }
  }
}
