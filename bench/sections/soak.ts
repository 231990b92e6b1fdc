/**
 * Minutes at full load: what the server's process holds stays as much. `--minutes=5` of them, batches of 500 over WebSocket, made while they
 * are sent; one reader of events and one of state.
 */
import { statfs } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { child, count, median, type Section, wanted } from '../harness.ts'
import { generate } from './generate.ts'

const defaultMinutes = 5
const sampleMs = 5_000
/** Samples. */
const tellEvery = 6
/** The last sixth of the time beside the second: in the first, code is compiled and caches grow to their bounds. */
const parts = 6
/** Of resident memory: more is growth. */
const mostGrowth = 1.05
/** What the disk must have room for. */
const bytesAnEvent = 1_200
const mostPerSecond = 100_000
const mib = 2 ** 20

/** Why that folder is not written for so long, if it is not. */
async function tooSmall(folder: string, minutes: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const needed = minutes * 60 * mostPerSecond * bytesAnEvent
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  return free < needed
    ? `${minutes} min of ${count(mostPerSecond)} events/s may take ${gib(needed)}, and its disk has ${gib(free)} free; say fewer --minutes=, or another disk by TMPDIR`
    : undefined
}

export const section: Section = {
  name: 'soak',
  long: true,
  async measure(bench) {
    const minutes = Number(bench.option('minutes') ?? defaultMinutes)
    const samples = Math.floor((minutes * 60_000) / sampleMs)
    if (!(samples >= parts)) throw new Error(`--minutes= is at least ${(parts * sampleMs) / 60_000}: a sample each ${sampleMs / 1_000} s.`)
    const server = await bench.serve()
    const what = `resident memory of the server over ${minutes} min at full load, a reader of events and one of state`
    const refusal = await tooSmall(server.data, minutes)
    if (refusal !== undefined) return bench.row({ what, figure: `not measured: ${refusal}` })

    const readers = ['events', 'state'].map((feed) => child('generators/drain.ts', ['signalbox', server.url, '1', feed]))
    for (const reader of readers) await reader.line()
    const stored = () => server.metric('signalbox_events_total', 'fate="stored"')
    const resident: number[] = []
    const rates: number[] = []
    // What is sampled begins before the generator has started, and so ends while it sends.
    const load = generate({ ...bench, seconds: minutes * 60 }, 'websocket', server.url, { making: 'onTheWay' })
    const startedAt = performance.now()
    let last = { at: startedAt, events: await stored() }
    for (let n = 1; n <= samples; n += 1) {
      // Ends with the load where that fails.
      await Promise.race([wait(startedAt + n * sampleMs - performance.now()), load.then(() => new Promise<never>(() => {}))])
      const now = { at: performance.now(), events: await stored() }
      const rate = ((now.events - last.events) * 1_000) / (now.at - last.at)
      last = now
      const { residentBytes, heapBytes, externalBytes } = await server.usage()
      resident.push(residentBytes / mib)
      rates.push(rate)
      bench.sample('resident MiB', residentBytes / mib)
      bench.sample('heap MiB', heapBytes / mib)
      bench.sample('external MiB', externalBytes / mib)
      bench.sample('events per second', rate)
      if (n % tellEvery === 0)
        bench.tell(
          `${(n * sampleMs) / 60_000} min: ${count(residentBytes / mib)} MiB, ${count(heapBytes / mib)} of it in V8's heap and ${count(externalBytes / mib)} beside it; ${count(rate)} events/s`,
        )
    }
    await load
    if ((await server.metric('signalbox_live_clients')) < readers.length) throw new Error('A reader of the benchmark was closed.')
    for (const reader of readers) await reader.stop()

    const each = Math.floor(samples / parts)
    const second = (values: readonly number[]) => median(values.slice(each, 2 * each))
    const end = (values: readonly number[]) => median(values.slice(-each))
    const growth = end(resident) / second(resident)
    bench.row({
      what,
      figure: `${count(end(resident))} MiB in the last sixth, at most ${count(Math.max(...resident))} MiB`,
      beside: `${growth.toFixed(2)} of the second sixth (${count(second(resident))} MiB); ${count(second(rates))} events/s then, ${count(end(rates))} in the last`,
      wanted: `${wanted(end(resident), 600, 400, ' MiB')}; flat, at most ${mostGrowth} of the second sixth: ${growth <= mostGrowth ? 'reached' : '**not reached**'}`,
    })
  },
}
