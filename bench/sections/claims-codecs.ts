/** What is said of codecs, measured: bytes and processor time an event, beside JSON, for batches of one, some and many. */

import type { EventInput } from '@signalbox/model/event.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { ways } from '../codecs.ts'
import { demoEvents } from '../demo-events.ts'
import { median, type Section } from '../harness.ts'

const sizes = [1, 50, 500] as const
const eventCount = 5_000
/** Events that are written and read in one measurement. */
const measured = 20_000
const runs = 5

interface Figures {
  readonly bytes: number
  readonly encodeUs: number
  readonly decodeUs: number
}

/** Processor time of this thread, of each event. */
function timed(batches: number, size: number, act: (batch: number) => void): number {
  const times: number[] = []
  for (let run = 0; run <= runs; run += 1) {
    const from = process.threadCpuUsage()
    for (let done = 0, at = 0; done < measured; done += size, at = (at + 1) % batches) act(at)
    const { user, system } = process.threadCpuUsage(from)
    // The first one warms.
    if (run > 0) times.push((user + system) / measured)
  }
  return median(times)
}

export const section: Section = {
  name: 'claims-codecs',
  async measure(bench) {
    const nextId = createIdSource(Date.now)
    const epoch = Date.now()
    const events: EventInput[] = demoEvents(eventCount).map((told, seq) => ({
      id: nextId(),
      source: told.agent ?? '',
      time: new Date(epoch + seq * 7).toISOString(),
      seq,
      epoch,
      ...told,
    }))
    const figures = new Map<string, Figures>()
    for (const way of ways)
      for (const size of sizes) {
        const batches = Array.from({ length: Math.floor(eventCount / size) }, (_, at) => events.slice(at * size, (at + 1) * size))
        const written = batches.map((batch) => Buffer.from(way.encode(batch)))
        const encodeUs = timed(batches.length, size, (at) => void way.encode(batches[at] ?? []))
        const decodeUs = timed(batches.length, size, (at) => void way.decode(written[at] ?? Buffer.alloc(0)))
        const bytes = written.reduce((sum, { length }) => sum + length, 0) / (batches.length * size)
        figures.set(`${way.name} ${size}`, { bytes, encodeUs, decodeUs })
        bench.sample(`${way.name}, batches of ${size}: bytes an event`, bytes)
        bench.sample(`${way.name}, batches of ${size}: µs to encode an event`, encodeUs)
        bench.sample(`${way.name}, batches of ${size}: µs to decode an event`, decodeUs)
      }
    const each = (tell: (size: number) => string) => sizes.map(tell).join(' / ')
    for (const { name } of ways) {
      const of = (size: number, as = name): Figures => figures.get(`${as} ${size}`) ?? { bytes: 0, encodeUs: 0, decodeUs: 0 }
      const ratio = (figure: keyof Figures) => each((size) => (of(size)[figure] / of(size, 'JSON')[figure]).toFixed(2))
      bench.row({
        what: `${name}; batches of ${sizes.join(' / ')}`,
        figure: `${each((size) => of(size).bytes.toFixed(0))} B an event; encode ${each((size) => of(size).encodeUs.toFixed(1))} µs, decode ${each((size) => of(size).decodeUs.toFixed(1))} µs`,
        beside: name === 'JSON' ? '1.00' : `of JSON: bytes ${ratio('bytes')}, encode ${ratio('encodeUs')}, decode ${ratio('decodeUs')}`,
      })
    }
  },
}
