/** Days that a server would have sealed by then: their events come as the chunks that it would have made of their tables. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { type Chunk, chunksOf, idTimes, mostChunkEvents } from '@signalbox/server/store/chunk.ts'
import { copyLine, rowOfLine } from '@signalbox/server/store/log-row.ts'

const dayMs = 86_400_000
const dayOf = (time: number) => Math.floor(time / dayMs)

export const copyChunks = 'copy log_chunks (partition, first, last, min_time, max_time, min_id, max_id, id_times, terms, lines) from stdin'

function lineOf(chunk: Chunk): string {
  const { partition, first, last, minTime, maxTime, minId, maxId, terms, lines } = chunk
  return `${[partition, first, last, minTime, maxTime, minId, maxId, idTimes(chunk), `{${terms.join()}}`, `\\\\x${lines.toString('hex')}`].join('\t')}\n`
}

export interface SealedDays {
  /** False when its day is still in a table. */
  take(event: LoggedEvent): boolean
  /** Lines of COPY: whole chunks, and of days that are over the rest. */
  lines(): Buffer
}

/** `until`: the first time whose day is in a table. */
export function createSealedDays(until: number): SealedDays {
  let held: LoggedEvent[] = []
  let ready = ''
  function close(): void {
    for (const chunk of chunksOf(held.map((event) => rowOfLine(copyLine(event).slice(0, -1))))) ready += lineOf(chunk)
    held = []
  }
  return {
    take(event) {
      const isSealed = event.time < until
      const [first] = held
      if (first !== undefined && (!isSealed || held.length === mostChunkEvents || dayOf(first.time) !== dayOf(event.time))) close()
      if (isSealed) held.push(event)
      return isSealed
    },
    lines() {
      const text = ready
      ready = ''
      return Buffer.from(text)
    },
  }
}
