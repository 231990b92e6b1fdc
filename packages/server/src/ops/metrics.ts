/** Signalbox's own figures, one place. Stages get this object; `/metrics` prints the registry. Names are in docs/metrics.md. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The conservation law: received = stored + duplicate + refused + quarantined, for every door. */
export type Fate = 'received' | 'stored' | 'duplicate' | 'refused' | 'quarantined'

/** `queueDepth` is asked at each scrape: while the store is away nothing else would tell it. */
export function createMetrics({ queueDepth }: { readonly queueDepth?: () => number } = {}) {
  const registry = new Registry()
  const registers = [registry]
  const seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
  return {
    registry,
    /** Labels: door (rest, websocket, …), fate. Refused: not kept. Quarantined: not applied, body kept. */
    events: new Counter({ name: 'signalbox_events_total', help: 'Events by door and fate.', labelNames: ['door', 'fate'], registers }),
    refusals: new Counter({
      name: 'signalbox_refusals_total',
      help: 'Refused and quarantined events and requests by code.',
      labelNames: ['code'],
      registers,
    }),
    notKept: new Counter({
      name: 'signalbox_quarantine_not_kept_total',
      help: 'Refused items whose content was to be kept and was not: the quarantine was full or could not be written.',
      registers,
    }),
    hooksDropped: new Counter({
      name: 'signalbox_hooks_dropped_total',
      help: 'Hooks of agents that were answered and not kept: the queue was full (full), the server stopped (stopped), the key was revoked meanwhile (key), or they failed again and again (fault).',
      labelNames: ['reason'],
      registers,
    }),
    hooksQueued: new Gauge({
      name: 'signalbox_hooks_queued',
      help: 'Hooks of agents that were answered and are not yet stored.',
      registers,
    }),
    spansForgotten: new Counter({
      name: 'signalbox_spans_forgotten_total',
      help: 'Spans whose trace was forgotten while it was not known whose they are: their calls stay without an agent.',
      registers,
    }),
    batchEvents: new Histogram({
      name: 'signalbox_commit_events',
      help: 'Events in one commit.',
      buckets: [1, 5, 20, 100, 500, 1000, 2000, 5000],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'signalbox_commit_seconds',
      help: 'Time of one commit.',
      buckets: seconds,
      labelNames: ['partition'],
      registers,
    }),
    rows: new Counter({
      name: 'signalbox_rows_total',
      help: 'Rows of the fold written behind the log, and refused by the store (a fault: each is logged).',
      labelNames: ['fate'],
      registers,
    }),
    rowsSeconds: new Histogram({ name: 'signalbox_rows_write_seconds', help: 'Time of one write of rows.', buckets: seconds, registers }),
    sealedEvents: new Counter({ name: 'signalbox_sealed_events_total', help: 'Events that became part of compressed chunks.', registers }),
    sealedSeconds: new Counter({ name: 'signalbox_sealed_seconds_total', help: 'Time that it took.', registers }),
    sealedBytes: new Gauge({ name: 'signalbox_sealed_bytes', help: 'Disk that chunks take, with what finds them.', registers }),
    sealedDays: new Gauge({ name: 'signalbox_sealed_days', help: 'Tables of the log, mostly days, that have chunks.', registers }),
    ackSeconds: new Histogram({
      name: 'signalbox_ack_seconds',
      help: 'From received by a door to committed.',
      buckets: seconds,
      registers,
    }),
    liveSeconds: new Histogram({
      name: 'signalbox_live_seconds',
      help: 'From received by a door to written to a live socket.',
      buckets: seconds,
      registers,
    }),
    fencedCommits: new Counter({
      name: 'signalbox_fenced_commits_total',
      help: 'Commits and writes of rows refused because another writer took the partition.',
      registers,
    }),
    bodyBytes: new Gauge({ name: 'signalbox_body_bytes', help: 'Bytes of request bodies under way.', registers }),
    queueEvents: new Gauge({
      name: 'signalbox_queue_events',
      help: 'Events waiting for a sequencer.',
      registers,
      collect() {
        if (queueDepth !== undefined) this.set(queueDepth())
      },
    }),
    head: new Gauge({ name: 'signalbox_head_position', help: 'Last committed position.', labelNames: ['partition'], registers }),
    lagEvents: new Gauge({
      name: 'signalbox_consumer_lag_events',
      help: 'Events a consumer of the log is behind.',
      labelNames: ['consumer'],
      registers,
    }),
    unwatched: new Counter({
      name: 'signalbox_unwatched_total',
      help: 'Times that an agent (for its heartbeats) or a producer (for a number that may yet come) was not watched: as many were as may be.',
      labelNames: ['what'],
      registers,
    }),
    liveClients: new Gauge({ name: 'signalbox_live_clients', help: 'Live connections.', labelNames: ['transport'], registers }),
    liveKeysRefused: new Counter({
      name: 'signalbox_live_keys_refused_total',
      help: 'Live WebSockets whose key was to come in a frame and that were not let in: it was wrong (UNAUTHENTICATED, FORBIDDEN), it did not come (BODY_TIMEOUT, BAD_REQUEST), too many waited (TOO_MANY_CONNECTIONS), or it could not be looked up (STORE_UNAVAILABLE).',
      labelNames: ['code'],
      registers,
    }),
    liveDeliveries: new Counter({
      name: 'signalbox_live_deliveries_total',
      help: 'Items (events or rows) written to live clients.',
      registers,
    }),
    conflated: new Counter({
      name: 'signalbox_live_conflated_total',
      help: 'State rows replaced by a newer one before a frame told of them; what a reader who is behind passes over is not counted.',
      registers,
    }),
    gaps: new Counter({ name: 'signalbox_live_gaps_total', help: 'Announced gaps.', registers }),
    dropped: new Counter({ name: 'signalbox_live_dropped_events_total', help: 'Events within announced gaps.', registers }),
    resyncs: new Counter({ name: 'signalbox_live_resyncs_total', help: 'Announced resyncs.', labelNames: ['reason'], registers }),
    truncated: new Counter({
      name: 'signalbox_live_truncated_snapshots_total',
      help: 'Snapshots of state feeds that had not all rows, which is told; readers who share one are one.',
      registers,
    }),
    slowCloses: new Counter({ name: 'signalbox_live_slow_closes_total', help: 'Live clients closed for not reading.', registers }),
  }
}
export type Metrics = ReturnType<typeof createMetrics>
