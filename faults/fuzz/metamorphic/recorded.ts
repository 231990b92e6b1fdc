/** Recordings of real fleets, as if they were of this hour: the times between their events are kept. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Format, formats } from '@signalbox/cli/import/import.ts'
import { readFiles } from '@signalbox/cli/import/read-files.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { foreignId } from '@signalbox/model/ids.ts'

const data = resolve(import.meta.dirname, '../../..', process.env.SIGNALBOX_TEST_DATA ?? '../shared/data')
const places: readonly (readonly [Format, string])[] = [
  ['gastown', 'gastown-fleet'],
  ['claude-code', 'claude-code-sessions/subagent.jsonl'],
  ['claude-code', 'claude-code-sessions/tool_heavy.jsonl'],
]

/** A producer each; none where there are no recordings. */
export async function recordedFleet(most: number, until: number): Promise<EventInput[][]> {
  const found = places.filter(([, path]) => existsSync(join(data, path)))
  return Promise.all(
    found.map(async ([format, path]) => ofNow(formats[format].map(await readFiles(format, join(data, path))).events.slice(0, most), until)),
  )
}

function ofNow(events: readonly EventInput[], until: number): EventInput[] {
  const last = Math.max(...events.map(({ time }) => Date.parse(time)))
  return events.map(({ id = '', ...event }) => {
    const time = until - (last - Date.parse(event.time))
    return { ...event, id: foreignId(event.source, id, event.type, time), time: new Date(time).toISOString() }
  })
}
