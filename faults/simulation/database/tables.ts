/** What PostgreSQL holds, as far as the core asks for it. Only what is committed and on disk is here: it is what a crash leaves. */

interface HeadRow {
  readonly partition: number
  readonly position: number
  readonly folded: number
  readonly fence: number
  readonly oldest: number
  readonly hash: Buffer
}

export interface LogRow {
  readonly position: number
  readonly time: string
  readonly received_at: string
  readonly seq: string | null
  readonly epoch: string | null
  readonly id: string
  readonly partition: number
  readonly tenant: string
  readonly source: string
  readonly type: string
  readonly run: string | null
  readonly agent: string | null
  readonly task: string | null
  readonly cause: string | null
  readonly trace: string | null
  readonly data: string
}

interface CommitRow {
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly at: number
  readonly min_id: string
  readonly max_id: string
  readonly hash: Buffer
  /** Not of the schema: the fence it was made under, for the simulation's own invariant. */
  readonly fence: number
}

export interface ProjectionRow {
  readonly position: number
  readonly sort: number
  readonly partition: number
  readonly open: boolean
  readonly tbl: string
  readonly tenant: string
  readonly key: string
  readonly run: string | null
  readonly agent: string | null
  readonly task: string | null
  readonly state: string | null
  /** JSON. */
  readonly body: string
}

/** Closed calls of one run (`store/call-chunk.ts`). */
export interface CallChunkRow {
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly count: number
  readonly again: boolean
  readonly tenant: string
  readonly run: string
  readonly hashes: readonly number[]
  readonly calls: Buffer
}

export interface QuarantineItem {
  readonly id: string
  readonly code: string
  readonly event_id: string | null
}

export interface Tables {
  readonly heads: HeadRow[]
  /** By partition, in order of position. */
  readonly log: LogRow[][]
  /** By `tenant id`. */
  readonly ids: Map<string, LogRow>
  readonly commits: CommitRow[][]
  /** By primary key. */
  readonly projections: Map<string, ProjectionRow>
  /** By primary key. */
  readonly callChunks: Map<string, CallChunkRow>
  readonly quarantine: Map<string, QuarantineItem>
}

export const createTables = (partitions: number): Tables => ({
  heads: Array.from({ length: partitions }, (_, partition) => ({
    partition,
    position: 0,
    folded: 0,
    fence: 0,
    oldest: 1,
    hash: Buffer.alloc(0),
  })),
  log: Array.from({ length: partitions }, () => []),
  ids: new Map(),
  commits: Array.from({ length: partitions }, () => []),
  projections: new Map(),
  callChunks: new Map(),
  quarantine: new Map(),
})

export const idKey = ({ tenant, id }: Pick<LogRow, 'tenant' | 'id'>): string => `${tenant} ${id}`
export const projectionKey = ({ tenant, tbl, key, partition, open }: ProjectionRow): string =>
  `${tenant}\u0000${tbl}\u0000${key}\u0000${partition}\u0000${open}`
export const callChunkKey = ({ tenant, run, last, partition }: CallChunkRow): string =>
  `${tenant}\u0000${run}\u0000${last}\u0000${partition}`

/** As one moment had it; rows are never changed in place. */
export const copyOf = (tables: Tables): Tables => ({
  ...tables,
  heads: [...tables.heads],
  log: tables.log.map((rows) => [...rows]),
  projections: new Map(tables.projections),
  callChunks: new Map(tables.callChunks),
})

/** What PostgreSQL answers when it refuses. */
export const refusal = (code: string, message: string, more: object = {}): Error => Object.assign(new Error(message), { code }, more)
