/** A thousand readers, one of which takes nothing: the delays of the others, in turns with and without it. */
import { child, median, type Section, wanted } from '../harness.ts'
import { generate } from './generate.ts'
import { openReaders } from './readers.ts'

const readers = 1_000
/** A frame each to a thousand readers: more would measure how busy the two cores are. */
const eventsPerSecond = 20

export const section: Section = {
  name: 'blocked',
  async measure(bench) {
    // It stays blocked for as long as it is looked at.
    const server = await bench.serve({ SIGNALBOX_SLOW_CLOSE_MS: '600000' })
    // More than the kernel holds for one connection: who wants all of it and takes nothing is blocked at once.
    await generate(bench, 'rest', server.url)
    const others = await openReaders(server, 'websocket', readers - 1)
    const p99 = { with: [] as number[], without: [] as number[] }
    const round = async (which: keyof typeof p99) => {
      const one =
        which === 'with'
          ? await openReaders(server, 'stuck', 1, { query: 'feed=events&from=start', firstAddress: 9 })
          : await openReaders(server, 'websocket', 1, { firstAddress: 9 })
      await others.reset()
      const ticks = child('generators/ticks.ts', [server.url, String(eventsPerSecond), String(bench.seconds)])
      await ticks.line()
      const report = await others.awaitEvents(eventsPerSecond * bench.seconds * (readers - 1))
      p99[which].push(report.p99)
      bench.sample(`p99 ms, ${which} one blocked`, report.p99)
      bench.tell(`${which}: p50 ${report.p50.toFixed(1)} ms, p99 ${report.p99.toFixed(1)} ms`)
      await one.stop()
    }
    for (let pair = 0; pair < 2 * bench.rounds; pair += 1)
      for (const which of pair % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) await round(which)
    const ratio = median(p99.with) / median(p99.without)
    bench.row({
      what: `p99 of ${readers - 1} readers at ${eventsPerSecond} events/s while one more is blocked`,
      figure: `${median(p99.with).toFixed(1)} ms`,
      beside: `${ratio.toFixed(2)} of the same while it reads (${median(p99.without).toFixed(1)} ms)`,
      wanted: wanted(ratio, 1.2, 1.05, ' ×'),
    })
    await others.stop()
  },
}
