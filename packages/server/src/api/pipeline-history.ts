/** The last ten minutes of the server's own figures, looked at every two seconds: whoever opens the page has its charts at once. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import { type Behind, readBehind, readSample, type Sample } from './pipeline-sample.ts'

export const sampleEveryMs = 2_000
const mostSamples = 300
const awayAfterMs = 1_000
/** The timer that is watched fires so often, and that is no delay. */
const resolutionMs = 20

export interface PipelineHistory {
  /** Oldest first. */
  samples(): readonly Sample[]
  /** One of now, beside those kept. */
  look(): Promise<Sample>
  stop(): Promise<void>
}

export interface PipelineHistoryOptions {
  readonly metrics: Metrics
  readonly pool: Pick<Pool, 'query'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

export function startPipelineHistory({ metrics, pool, clock, log }: PipelineHistoryOptions): PipelineHistory {
  const samples: Sample[] = []
  const loop = monitorEventLoopDelay({ resolution: resolutionMs })
  loop.enable()
  let cancel = () => {}
  let stopped = false
  let asking: Promise<readonly Behind[] | undefined> | undefined
  let running: Promise<void> | undefined

  /** A database that hangs is asked once, and is away until it has answered. */
  const behind = async () => {
    asking ??= readBehind(pool, clock.now())
      .catch(() => undefined)
      .finally(() => {
        asking = undefined
      })
    let stopWaiting = () => {}
    const late = new Promise<undefined>((resolve) => {
      stopWaiting = clock.after(awayAfterMs, () => resolve(undefined))
    })
    const found = await Promise.race([asking, late])
    stopWaiting()
    return found
  }
  const look = async (): Promise<Sample> => {
    const memory = process.memoryUsage()
    const loopDelayMs = loop.count === 0 ? 0 : Math.max(0, Math.round(loop.max / 1e6 - resolutionMs))
    return readSample(metrics, clock.now(), clock.monotonic(), await behind(), {
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
      loopDelayMs,
    })
  }
  const take = async () => {
    const sample = await look()
    loop.reset()
    samples.push(sample)
    if (samples.length > mostSamples) samples.shift()
  }
  const next = () => {
    if (stopped) return
    cancel = clock.after(sampleEveryMs, () => {
      running = take()
        .catch((error: unknown) => log.warn({ err: error }, 'the figures of the pipeline could not be read'))
        .finally(next)
    })
  }
  running = take()
    .catch((error: unknown) => log.warn({ err: error }, 'the figures of the pipeline could not be read'))
    .finally(next)
  return {
    samples: () => samples,
    look,
    async stop() {
      stopped = true
      cancel()
      loop.disable()
      await running
    },
  }
}
