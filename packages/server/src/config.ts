/** Every setting of the server, once: environment key, type, default, unit, meaning. `docs/configuration.md` is generated from it. */
interface Setting<T> {
  readonly key: string
  readonly default: T
  readonly unit?: string
  readonly about: string
  /** Of a number; 0 and no bound when absent. */
  readonly least?: number
  readonly most?: number
  /** What a text must be, in words and as a pattern; any when absent. */
  readonly form?: readonly [words: string, pattern: RegExp]
}
const s = <T>(
  key: string,
  fallback: T,
  about: string,
  unit?: string,
  bounds: Pick<Setting<T>, 'least' | 'most' | 'form'> = {},
): Setting<T> => ({
  key,
  default: fallback,
  about,
  ...(unit === undefined ? {} : { unit }),
  ...bounds,
})

const port = { form: ['a port, "off", or "auto"', /^(auto|off|\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/] } as const

export const settings = {
  host: s('SIGNALBOX_HOST', '127.0.0.1', 'Address to listen on. Anything but loopback needs at least one key.'),
  port: s('SIGNALBOX_PORT', 4400, 'TCP port of everything: doors, live, API, dashboard. 0 picks a free one.'),
  otlpHttpPort: s(
    'SIGNALBOX_OTLP_HTTP_PORT',
    'auto',
    'TCP port for OTLP over HTTP alone (`SIGNALBOX_PORT` takes it too): a port, 0 for a free one, `off`, or `auto`, which is 4318 where nothing else listens there, and `off` when SIGNALBOX_PORT is 0.',
    undefined,
    port,
  ),
  otlpGrpcPort: s('SIGNALBOX_OTLP_GRPC_PORT', 'auto', 'TCP port for OTLP over gRPC, likewise; `auto` is 4317.', undefined, port),
  data: s('SIGNALBOX_DATA', './data', 'Folder of the embedded PostgreSQL.'),
  databaseUrl: s('DATABASE_URL', '', 'PostgreSQL 15 or newer to use instead of the embedded one.'),
  partitions: s('SIGNALBOX_PARTITIONS', 2, 'Log partitions, each with one sequencer. Fixed at first start.'),
  retentionDays: s(
    'SIGNALBOX_RETENTION_DAYS',
    30,
    'How long events are kept, by the time in their id, 1 to 36500; history counts from its last backfill, a year of it together. Each day is a table of PostgreSQL, and hundreds of them slow queries that look at all (docs/decisions/0002).',
    'days',
    { least: 1, most: 36_500 },
  ),
  compressAfterDays: s(
    'SIGNALBOX_COMPRESS_AFTER_DAYS',
    7,
    'Days of the log so far back, by the time in their ids, to which nothing was added for a day become compressed chunks, in the background: a fifth of the disk that the log takes, and 3 to 10 times slower to read (docs/decisions/0021). 0: never, and what is sealed stays so.',
    'days',
    { most: 36_500 },
  ),
  quarantineItems: s(
    'SIGNALBOX_QUARANTINE_ITEMS',
    100_000,
    'Refused items whose content is kept for people, for as long as events; past it they are refused and counted.',
    'items',
  ),
  allowedHosts: s(
    'SIGNALBOX_ALLOWED_HOSTS',
    '',
    'Further Host names accepted, comma separated. Loopback names and the listening address always are.',
  ),
  allowedOrigins: s('SIGNALBOX_ALLOWED_ORIGINS', '', 'Further browser Origins accepted, comma separated. The server’s own always are.'),
  maxBodyBytes: s('SIGNALBOX_MAX_BODY_BYTES', 16 * 1024 * 1024, 'Largest request body after decompression.', 'bytes'),
  maxBatchEvents: s('SIGNALBOX_MAX_BATCH_EVENTS', 10_000, 'Most events in one request or WebSocket batch.', 'events'),
  maxDepth: s('SIGNALBOX_MAX_DEPTH', 64, 'Deepest nesting of an event’s data.', 'levels'),
  maxKeys: s('SIGNALBOX_MAX_KEYS', 1_000, 'Most keys in an event’s data, nested ones counted.', 'keys'),
  maxStringChars: s('SIGNALBOX_MAX_STRING_CHARS', 1_000_000, 'Longest string in an event’s data.', 'UTF-16 units'),
  bodyTimeoutMs: s('SIGNALBOX_BODY_TIMEOUT_MS', 30_000, 'Longest time for a request body to arrive.', 'ms'),
  inFlightBytes: s(
    'SIGNALBOX_IN_FLIGHT_BYTES',
    256 * 1024 * 1024,
    'Bytes of request bodies held at once, of all requests under way, before senders get 503.',
    'bytes',
  ),
  queueEvents: s('SIGNALBOX_QUEUE_EVENTS', 50_000, 'Events waiting for a partition’s sequencer before senders get 503.', 'events'),
  queueBytes: s(
    'SIGNALBOX_QUEUE_BYTES',
    64 * 1024 * 1024,
    'Bytes of event data waiting for a partition’s sequencer before senders get 503.',
    'bytes',
  ),
  gatherMs: s('SIGNALBOX_GATHER_MS', 3, 'Commits of a partition that several senders share begin at least so far apart; 0 for none.', 'ms'),
  batchEvents: s('SIGNALBOX_BATCH_EVENTS', 2_000, 'Most events in one commit.', 'events'),
  commitTimeoutMs: s('SIGNALBOX_COMMIT_TIMEOUT_MS', 10_000, 'Longest a sender waits for the commit before it is answered 503.', 'ms'),
  snapshotEvery: s(
    'SIGNALBOX_SNAPSHOT_EVERY',
    2_500,
    'Fewest positions between two snapshots of the fold, per partition; more where they are large, and under load.',
    'events',
  ),
  stateRows: s(
    'SIGNALBOX_STATE_ROWS',
    30_000,
    'Most rows of a table (agents, runs, tasks, calls, edges) of a partition that a snapshot of a state feed, or a moment, has; five times as many where a run is asked for. Where there are more, those that changed last; which tables are cut is told.',
    'rows',
    { least: 1 },
  ),
  walAheadBytes: s(
    'SIGNALBOX_WAL_AHEAD_BYTES',
    512 * 1024 * 1024,
    'Files of the embedded database’s write-ahead log, made while nothing is sent, so that no commit waits for one; 0 for none. The database keeps no more than the default.',
    'bytes',
  ),
  ingestCredit: s('SIGNALBOX_INGEST_CREDIT', 20_000, 'Unacknowledged events one ingest WebSocket may have.', 'events'),
  ringBytes: s('SIGNALBOX_RING_BYTES', 64 * 1024 * 1024, 'Recent commits kept in memory for live readers.', 'bytes'),
  flushMs: s('SIGNALBOX_FLUSH_MS', 20, 'Longest a live frame waits to be joined with the next; an idle feed is flushed at once.', 'ms'),
  socketBytes: s(
    'SIGNALBOX_SOCKET_BYTES',
    64 * 1024,
    'Bytes unsent to one live client before it is demoted to reading by cursor.',
    'bytes',
  ),
  maxLagEvents: s('SIGNALBOX_MAX_LAG_EVENTS', 100_000, 'Events a slow event feed may be behind before a gap is announced.', 'events'),
  slowCloseMs: s('SIGNALBOX_SLOW_CLOSE_MS', 30_000, 'Time without any progress after which a blocked live client is closed (4008).', 'ms'),
  maxConnections: s('SIGNALBOX_MAX_CONNECTIONS', 50_000, 'Live connections (WebSocket and SSE).', 'connections'),
  maxIngestSockets: s(
    'SIGNALBOX_MAX_INGEST_SOCKETS',
    2_000,
    'WebSockets that send events; each may hold one largest frame.',
    'connections',
  ),
  heartbeatMs: s('SIGNALBOX_HEARTBEAT_MS', 20_000, 'Time between heartbeats on an idle live connection.', 'ms'),
  agentLostAfter: s('SIGNALBOX_AGENT_LOST_AFTER', 3, 'Missed heartbeat intervals after which an agent is marked lost.', 'intervals'),
  drainMs: s('SIGNALBOX_DRAIN_MS', 5_000, 'Longest a stop waits for senders and live clients.', 'ms'),
  webhooks: s('SIGNALBOX_WEBHOOKS', '', 'JSON file with the mappings of webhooks, /v1/webhooks/<name> (docs/doors/webhook.md).'),
  logLevel: s('SIGNALBOX_LOG_LEVEL', 'info', 'trace, debug, info, warn, error, or silent.'),
} as const satisfies Record<string, Setting<string | number>>

type Widen<T> = T extends number ? number : string
export type Config = { readonly [K in keyof typeof settings]: Widen<(typeof settings)[K]['default']> }

/** What a start needs is not as it must be: a setting, the folder, a key. The message says what, and what to do. */
export class CannotStart extends Error {}

/** Reads the environment. Throws with every wrong setting named. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const wrong: string[] = []
  const entries = Object.entries(settings).map(([name, setting]) => {
    const raw = env[setting.key]
    if (raw === undefined || raw === '') return [name, setting.default]
    if (typeof setting.default === 'string') {
      const { form }: Pick<Setting<unknown>, 'form'> = setting
      if (form !== undefined && !form[1].test(raw)) wrong.push(`${setting.key} must be ${form[0]}, not "${raw}"`)
      return [name, raw]
    }
    const value = Number(raw)
    const { least = 0, most = Number.MAX_SAFE_INTEGER }: Pick<Setting<unknown>, 'least' | 'most'> = setting
    const range = `${least > 0 ? ` of at least ${least}` : ''}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}`
    if (!Number.isSafeInteger(value) || value < least || value > most)
      wrong.push(`${setting.key} must be a whole number${range}, not "${raw}"`)
    return [name, value]
  })
  if (wrong.length > 0) throw new CannotStart(`Wrong configuration: ${wrong.join('; ')}.`)
  return Object.fromEntries(entries) as Config
}
