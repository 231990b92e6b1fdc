/**
 * A thousand readers, one of which takes nothing: the delays of the others, in turns with and without it. One p99 over all rounds of each:
 * all readers are told of an event at once, so that of a round alone it would be its two or three worst events.
 */
import { child, type Section, wanted } from '../harness.ts'
import { generate } from './generate.ts'
import { openReaders } from './readers.ts'

const readers = 1_000
/** A frame each to a thousand readers: more would measure how busy the two cores are. */
const eventsPerSecond = 50

export const section: Section = {
  name: 'blocked',
  async measure(bench) {
    // It stays blocked for as long as it is looked at.
    const server = await bench.serve({ SIGNALBOX_SLOW_CLOSE_MS: '600000' })
    // More than the kernel holds for one connection: who wants all of it and takes nothing is blocked at once.
    await generate(bench, 'rest', server.url)
    const others = await openReaders(server, 'websocket', readers - 1)
    const p99 = { with: Number.NaN, without: Number.NaN }
    const round = async (which: keyof typeof p99) => {
      const one =
        which === 'with'
          ? await openReaders(server, 'stuck', 1, { query: 'feed=events&from=start', firstAddress: 9 })
          : await openReaders(server, 'websocket', 1, { firstAddress: 9 })
      await others.reset()
      const ticks = child('generators/ticks.ts', [server.url, String(eventsPerSecond), String(bench.seconds)])
      await ticks.line()
      const report = await others.awaitEvents(eventsPerSecond * bench.seconds * (readers - 1))
      p99[which] = (await others.pool(which)).p99
      bench.sample(`p99 ms, ${which} one blocked`, report.p99)
      bench.tell(`${which}: p50 ${report.p50.toFixed(1)} ms, p99 ${report.p99.toFixed(1)} ms`)
      await one.stop()
    }
    for (let pair = 0; pair < 2 * bench.rounds; pair += 1)
      for (const which of pair % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) await round(which)
    const ratio = p99.with / p99.without
    bench.row({
      what: `p99 of ${readers - 1} readers at ${eventsPerSecond} events/s while one more is blocked`,
      figure: `${p99.with.toFixed(1)} ms`,
      beside: `${ratio.toFixed(2)} of the same while it reads (${p99.without.toFixed(1)} ms)`,
      wanted: wanted(ratio, 1.2, 1.05, ' ×'),
    })
    await others.stop()
  },
}
