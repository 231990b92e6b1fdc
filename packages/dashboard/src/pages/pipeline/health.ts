/** What the server tells of itself, as `/v1/pipeline`, `/v1/producers` and `/v1/quarantine` answer. */

interface Fates {
  readonly received: number
  readonly stored: number
  readonly duplicate: number
  readonly refused: number
  readonly quarantined: number
  readonly underWay: number
}

export interface Trouble {
  readonly code: string
  readonly severity: 'bad' | 'warn'
  readonly what: string
  readonly todo: string
}

type Column = readonly (number | null)[]

export interface Health {
  readonly at: string
  readonly version: string
  readonly startedAt: string
  readonly uptimeMs: number
  readonly durability: string
  readonly troubles: readonly Trouble[]
  readonly totals: Fates
  readonly doors: readonly (Fates & { readonly door: string })[]
  readonly refusals: readonly { readonly code: string; readonly count: number }[]
  readonly rates: Readonly<
    Record<'received' | 'stored' | 'duplicate' | 'refused' | 'quarantined' | 'commits' | 'deliveries' | 'conflated' | 'rows', number>
  > &
    Readonly<Record<'commitP50Ms' | 'commitP95Ms' | 'eventsPerCommit' | 'ackP50Ms' | 'ackP95Ms' | 'liveP50Ms' | 'liveP95Ms', number | null>>
  readonly consumers: readonly { readonly consumer: string; readonly events: number; readonly ms: number }[] | null
  readonly queues: { readonly events: number; readonly hooks: number; readonly bodyBytes: number }
  readonly live: {
    readonly clients: readonly { readonly transport: string; readonly clients: number }[]
    readonly deliveries: number
    readonly conflated: number
    readonly gaps: number
    readonly dropped: number
    readonly resyncs: number
    readonly slowCloses: number
  }
  readonly store: {
    readonly bytes: number
    readonly days: number
    readonly oldest: string | null
    readonly events: number
    readonly snapshotAt: string | null
  } | null
  readonly process: { readonly rssBytes: number; readonly heapBytes: number; readonly loopDelayMs: number }
  readonly history: { readonly everyMs: number; readonly at: readonly number[] } & Readonly<Record<HistoryName, Column>>
}
type HistoryName =
  | 'received'
  | 'stored'
  | 'commits'
  | 'commitP50Ms'
  | 'commitP95Ms'
  | 'ackP95Ms'
  | 'liveP95Ms'
  | 'deliveries'
  | 'queueEvents'
  | 'lagMs'
  | 'rssBytes'
  | 'loopDelayMs'

export interface Producer {
  readonly source: string
  readonly received: number
  readonly high: number
  readonly gaps: readonly { readonly epoch: number; readonly from: number; readonly to: number; readonly detectedAt: string }[]
  readonly clones: number
  readonly restarts: number
  readonly lastSeenAt: string
  readonly report: string
}

export interface Quarantined {
  readonly id: string
  readonly at: string
  readonly door: string
  readonly code: string
  readonly message: string
  readonly eventId?: string
  readonly source?: string
  readonly body: string
  readonly otherBody?: string
}

/** Of the producers, those of whom something is to be told. */
export const ailing = (producers: readonly Producer[]): readonly Producer[] =>
  producers.filter(({ gaps, clones }) => gaps.length > 0 || clones > 0)

/** The newest gap of a producer, named: `worker-7 lost 41 to 43`. */
export function lossOf({ source, gaps }: Pick<Producer, 'source' | 'gaps'>): string | undefined {
  const gap = gaps.at(-1)
  if (gap === undefined) return undefined
  const more = gaps.length > 1 ? ` and ${gaps.length - 1} more ${gaps.length === 2 ? 'range' : 'ranges'}` : ''
  return `${source} lost ${gap.from === gap.to ? gap.from : `${gap.from} to ${gap.to}`}${more}`
}

/** What the server says is wrong, and what its producers tell. */
export function troublesOf(health: Pick<Health, 'troubles'>, producers: readonly Producer[]): readonly Trouble[] {
  const [first] = ailing(producers)
  if (first === undefined) return health.troubles
  const others = ailing(producers).length - 1
  const what = lossOf(first) ?? `Two producers send as “${first.source}”`
  return [
    ...health.troubles,
    {
      code: 'producers',
      severity: 'warn',
      what: `${what}${others > 0 ? `, and ${others} more ${others === 1 ? 'producer has' : 'producers have'} gaps or clones` : ''}.`,
      todo:
        first.gaps.length > 0
          ? 'Its events did not come: look at its own log, or let it keep a spool.'
          : 'Give each process a source of its own.',
    },
  ]
}

export function size(bytes: number): string {
  for (const [unit, of] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const)
    if (bytes >= of) return `${(bytes / of).toFixed(bytes >= 10 * of ? 0 : 1)} ${unit}`
  return `${bytes} B`
}

export function ms(value: number | null): string {
  if (value === null) return '–'
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} ms`
}

export const rate = (value: number): string =>
  value >= 10_000
    ? `${(value / 1_000).toFixed(0)}k`
    : value >= 1_000
      ? `${(value / 1_000).toFixed(1)}k`
      : value >= 10 || value === 0
        ? String(Math.round(value))
        : value.toFixed(1)
