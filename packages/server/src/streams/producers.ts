/**
 * Producers: which sequence numbers of each came, so that a gap ("worker-7 lost 41 to 43") and a clone (two producers with one name)
 * are reported by name. A consumer of the log with its own checkpoint, because one producer's events spread over partitions.
 */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import type { LogReader } from '../store/store.ts'
import { bound, gapsOf, include, type Ranges } from './ranges.ts'

export interface ProducersOptions {
  readonly pool: Pool
  readonly reader: Pick<LogReader, 'heads'>
  readonly bus: CommitBus
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Logger
}

/** As `/v1/producers` shows it, plus what the tracker needs to go on. */
interface ProducerBody {
  source: string
  epoch: number
  high: number
  received: number
  gaps: { epoch: number; from: number; to: number }[]
  clones: number
  restarts: number
  lastSeenAt: string
  report: string
  ranges: Ranges
}

const consumer = 'producers'
const mostRanges = 100
const mostGaps = 100
const pageEvents = 5_000
/** How long a batch of commits is gathered before it is written, ms. */
const gatherMs = 500

function report(body: ProducerBody): string {
  const lost = body.gaps.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ')
  const parts = [
    ...(lost === '' ? [] : [`${body.source} lost ${lost}`]),
    ...(body.clones === 0
      ? []
      : [`${body.clones} numbers of ${body.source} came twice with different events: two producers may share its name`]),
  ]
  return parts.length === 0 ? `${body.source} is complete up to ${body.high}` : parts.join('; ')
}

export function observe(held: ProducerBody | undefined, event: Pick<LoggedEvent, 'source' | 'seq' | 'epoch' | 'receivedAt'>): ProducerBody {
  const { source, seq = 0, epoch = 0 } = event
  const lastSeenAt = new Date(Math.max(event.receivedAt, held === undefined ? 0 : Date.parse(held.lastSeenAt))).toISOString()
  if (held === undefined)
    return { source, epoch, high: seq, received: 1, gaps: [], clones: 0, restarts: 0, lastSeenAt, report: '', ranges: [[seq, seq]] }
  // Late events of an earlier life are counted, but its numbers are closed.
  if (epoch < held.epoch) return { ...held, received: held.received + 1, lastSeenAt }
  if (epoch > held.epoch) {
    const closed = [
      ...held.gaps.filter((gap) => gap.epoch !== held.epoch),
      ...gapsOf(held.ranges).map((gap) => ({ epoch: held.epoch, ...gap })),
    ].slice(-mostGaps)
    return {
      ...held,
      epoch,
      high: seq,
      received: held.received + 1,
      restarts: held.restarts + 1,
      gaps: closed,
      lastSeenAt,
      ranges: [[seq, seq]],
    }
  }
  const ranges = include(held.ranges, seq)
  if (ranges === undefined) return { ...held, received: held.received + 1, clones: held.clones + 1, lastSeenAt }
  const kept = bound(ranges, mostRanges)
  const gaps = [...held.gaps.filter((gap) => gap.epoch !== epoch), ...gapsOf(kept).map((gap) => ({ epoch, ...gap }))].slice(-mostGaps)
  return { ...held, high: Math.max(held.high, seq), received: held.received + 1, gaps, lastSeenAt, ranges: kept }
}

export function startProducers({ pool, reader, bus, clock, metrics, log }: ProducersOptions): {
  stop(): Promise<void>
  settled(): Promise<void>
} {
  let stopped = false
  let running: Promise<void> | undefined
  let again = false
  let cancel = () => {}

  /** One partition, one page: events, bodies and checkpoint in one transaction. True when there is more. */
  async function advance(partition: number, head: number): Promise<boolean> {
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query('insert into checkpoints (consumer, partition, position) values ($1, $2, 0) on conflict do nothing', [
        consumer,
        partition,
      ])
      const { rows: checkpoints } = await client.query<{ position: string }>(
        'select position from checkpoints where consumer = $1 and partition = $2 for update',
        [consumer, partition],
      )
      const after = Number(checkpoints[0]?.position ?? 0)
      const upTo = Math.min(head, after + pageEvents)
      metrics.lagEvents.set({ consumer }, head - after)
      if (upTo > after) {
        const { rows: events } = await client.query<{
          tenant: TenantId
          source: string
          seq: string
          epoch: string | null
          received_at: string
        }>(
          'select tenant, source, seq, epoch, received_at from log where partition = $1 and position > $2 and position <= $3 and seq is not null order by position',
          [partition, after, upTo],
        )
        const bodies = new Map<string, { tenant: TenantId; source: string; body: ProducerBody | undefined }>()
        for (const { tenant, source } of events) bodies.set(`${tenant}\u0000${source}`, { tenant, source, body: undefined })
        // In order of key, so that the consumers of two partitions never wait for each other in a circle.
        const keys = [...bodies.values()].sort((a, b) => (a.tenant + a.source < b.tenant + b.source ? -1 : 1))
        for (const entry of keys) {
          await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7))', [`${entry.tenant}\u001f${entry.source}`])
          const { rows } = await client.query<{ body: ProducerBody }>('select body from producers where tenant = $1 and source = $2', [
            entry.tenant,
            entry.source,
          ])
          entry.body = rows[0]?.body
        }
        for (const { tenant, source, seq, epoch, received_at } of events) {
          const entry = bodies.get(`${tenant}\u0000${source}`)
          if (entry !== undefined)
            entry.body = observe(entry.body, {
              source,
              seq: Number(seq),
              epoch: epoch === null ? 0 : Number(epoch),
              receivedAt: Number(received_at),
            })
        }
        for (const { tenant, source, body } of keys) {
          if (body === undefined) continue
          body.report = report(body)
          await client.query(
            'insert into producers (tenant, source, body) values ($1, $2, $3) on conflict (tenant, source) do update set body = excluded.body',
            [tenant, source, JSON.stringify(body)],
          )
        }
        await client.query('update checkpoints set position = $3 where consumer = $1 and partition = $2', [consumer, partition, upTo])
      }
      await client.query('commit')
      return upTo < head
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    } finally {
      client.release()
    }
  }

  async function catchUp() {
    do {
      again = false
      const { positions } = await reader.heads()
      for (const [partition, head] of positions.entries()) while (!stopped && (await advance(partition, head)));
    } while (again && !stopped)
  }

  function wake() {
    if (running !== undefined) {
      again = true
      return
    }
    if (stopped) return
    running = catchUp()
      .catch((error: unknown) => log.warn({ err: error }, 'the producers could not be brought up; trying again with the next commit'))
      .finally(() => {
        running = undefined
      })
  }

  let due = false
  const unsubscribe = bus.subscribe(() => {
    if (due || stopped) return
    due = true
    cancel = clock.after(gatherMs, () => {
      due = false
      wake()
    })
  })
  wake()
  return {
    async settled() {
      wake()
      while (running !== undefined) await running
    },
    async stop() {
      stopped = true
      cancel()
      unsubscribe()
      await running
    },
  }
}
