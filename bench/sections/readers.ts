/** Readers of one transport, in processes of their own. */
import { child, type Server } from '../harness.ts'

export type Transport = 'websocket' | 'sse' | 'long poll' | 'polling' | 'stuck'

/** Since the last reset: events times readers, delays in ms, and bytes both ways with all headers. */
export interface Report {
  readonly events: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly bytes: number
}

export interface Readers {
  readonly connectMs: number
  reset(): Promise<void>
  report(): Promise<Report>
  /** Reports when that many events have come to them since the last reset. */
  awaitEvents(events: number): Promise<Report>
  /** Reports of all that was pooled under that name, and of what came since the last reset. */
  pool(name: string): Promise<Report>
  stop(): Promise<void>
}

interface Wanted {
  readonly query?: string
  /** Each process comes from addresses of its own: 127.0.1.x. */
  readonly firstAddress?: number
  readonly intervalMs?: number
}

export async function openReaders(
  { url }: Pick<Server, 'url'>,
  transport: Transport,
  count: number,
  { query = 'feed=events', firstAddress = 1, intervalMs = 1_000 }: Wanted = {},
): Promise<Readers> {
  const run = child('generators/readers.ts', [transport, url, String(count), query, String(firstAddress), String(intervalMs)])
  const answer = async <T>(asked?: string): Promise<T> => {
    if (asked !== undefined) run.tell(asked)
    return JSON.parse(await run.line()) as T
  }
  const { connectMs } = await answer<{ connectMs: number }>()
  return {
    connectMs,
    reset: () => answer('reset'),
    report: () => answer('report'),
    awaitEvents: (events) => answer(`await ${events}`),
    pool: (name) => answer(`pool ${name}`),
    stop: () => run.stop(),
  }
}

/** How many files this machine lets one process have open; a connection is one. */
export const mostFiles = (): number => {
  const { userLimits } = process.report.getReport() as unknown as { userLimits: { open_files: { hard: number | 'unlimited' } } }
  const { hard } = userLimits.open_files
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}
