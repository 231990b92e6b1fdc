/**
 * Every read of events: from the log's tables, and from the chunks of its sealed days.
 *
 * A condition says what it means in three tongues: for PostgreSQL over the tables, for a row that came out of a chunk, and, so that few are
 * opened, for what a chunk must be to have such a row. Tables are read before chunks, since events go from those to these and never back:
 * one that went between the two reads is in both, and told once.
 */
import { idTime } from '@signalbox/model/ids.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { Pool } from 'pg'
import { mostChunkEvents, openChunk, termOf } from './chunk.ts'
import { cellOf, type LogRow, logColumns } from './log-row.ts'

type Bind = (value: unknown) => string

export interface Condition {
  readonly sql: (bind: Bind) => string
  readonly is: (row: LogRow) => boolean
  /** Absent: any chunk may have such a row. */
  readonly chunk?: (bind: Bind) => string
  /** One of these is in the line of such a row: most lines need not be taken apart. */
  readonly cells?: readonly string[]
}

/** `position`: of one partition. `ofRun`: by position too, of one run, which is in one partition. */
export type Walk = 'id' | 'position' | 'ofRun'
export type Direction = 'asc' | 'desc'

export interface RowsQuery {
  readonly where: readonly Condition[]
  readonly order?: readonly [Walk, Direction]
  readonly limit?: number
  /** Of the tables; chunks have all. */
  readonly columns?: string
}

type Sign = '=' | '<' | '<=' | '>' | '>='
const signs: { readonly [S in Sign]: (a: number | string, b: number | string) => boolean } = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const isUp = (sign: Sign) => sign === '>' || sign === '>='

/** Values of a chunk from `low` to `high` columns. */
const within = (low: string, high: string, sign: Sign, value: string) =>
  sign === '=' ? `${low} <= ${value} and ${high} >= ${value}` : isUp(sign) ? `${high} ${sign} ${value}` : `${low} ${sign} ${value}`

function chunkSql(field: keyof LogRow, sign: Sign, value: number | string, bind: Bind): string {
  if (field === 'partition') return `partition ${sign} ${bind(value)}`
  if (field === 'time') return within('min_time', 'max_time', sign, bind(value))
  if (field === 'position') {
    // Both ends, so that a stretch of the primary key is all that is looked at.
    const range = within('first', 'last', sign, `${bind(value)}::bigint`)
    return isUp(sign) ? range : `${range} and last < ${bind(value)}::bigint + ${mostChunkEvents}`
  }
  if (field === 'id') {
    const range = within('min_id', 'max_id', sign, `${bind(value)}::uuid`)
    return sign === '=' ? `id_times @> ${bind(idTime(String(value)))}::bigint and ${range}` : range
  }
  if ((field === 'run' || field === 'type') && sign === '=') return `terms @> ${bind([termOf(field, String(value))])}::int[]`
  return 'true'
}

/** Texts but for ids by `=` only: PostgreSQL orders them otherwise. */
export const where = (field: keyof LogRow, sign: Sign, value: number | string): Condition => {
  const wanted = field === 'id' ? String(value).toLowerCase() : value
  return {
    sql: (bind) => `${field} ${sign} ${bind(value)}`,
    is: (row) => {
      const own = row[field]
      return own !== null && signs[sign](typeof wanted === 'number' ? Number(own) : own, wanted)
    },
    chunk: (bind) => chunkSql(field, sign, wanted, bind),
    ...(sign === '=' && typeof wanted === 'string' ? { cells: [cellOf(wanted)] } : {}),
  }
}

/** The index of a run has these many positions under one key (decision 0029): they are sorted as they are read. */
const blockBits = 8
const blockOf = (position: number) => Math.floor(position / 2 ** blockBits)

/** Of a query of one run, by log_run_block. */
export const ofRunAt = (sign: '<' | '<=' | '>' | '>=', position: number): Condition => {
  const exactly = where('position', sign, position)
  return {
    ...exactly,
    sql: (bind) => `position >> ${blockBits} ${isUp(sign) ? '>=' : '<='} ${bind(blockOf(position))} and ${exactly.sql(bind)}`,
  }
}

export const orderedBy = (walk: Walk, direction: Direction): string =>
  walk === 'ofRun' ? `position >> ${blockBits} ${direction}, position ${direction}` : `${walk} ${direction}`

/** Of more it costs less to take the line apart. */
const mostCells = 4

export function among(field: 'id' | 'run' | 'agent' | 'task' | 'type', values: readonly string[]): Condition {
  const wanted = new Set(field === 'id' ? values.map((id) => id.toLowerCase()) : values)
  return {
    sql: (bind) => `${field} = any(${bind(values)}${field === 'id' ? '::uuid[]' : ''})`,
    is: (row) => {
      const own = row[field]
      return own !== null && wanted.has(own)
    },
    ...(wanted.size > mostCells ? {} : { cells: [...wanted].map(cellOf) }),
    ...(field === 'run' || field === 'type'
      ? { chunk: (bind) => `terms && ${bind(values.map((value) => termOf(field, value)))}::int[]` }
      : {}),
    // Index: log_chunks_id_times, once for each time.
    ...(field === 'id'
      ? {
          chunk: (bind) =>
            `(partition, last) in (select c.partition, c.last from unnest(${bind([...new Set([...wanted].map(idTime))])}::bigint[]) t join log_chunks c on c.id_times @> t)`,
        }
      : {}),
  }
}

function ofTypes(types: readonly string[]): Condition {
  const starts = types.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1))
  const exact = among(
    'type',
    types.filter((type) => !type.endsWith('.*')),
  )
  return {
    sql: (bind) => `(${exact.sql(bind)} or type like any(${bind(starts.map((start) => `${start.replace(/[\\%_]/g, '\\$&')}%`))}))`,
    is: (row) => exact.is(row) || starts.some((start) => row.type.startsWith(start)),
    ...(starts.length === 0 && exact.chunk !== undefined ? { chunk: exact.chunk } : {}),
  }
}

/** A filter on events. A type ending in `.*` is a prefix. */
export function matching(filter: Filter | undefined): Condition[] {
  const named = (['run', 'agent', 'task'] as const).flatMap((field) => {
    const wanted = filter?.[field]
    return wanted === undefined || wanted.length === 0 ? [] : [among(field, wanted)]
  })
  return filter?.type === undefined || filter.type.length === 0 ? named : [...named, ofTypes(filter.type)]
}

/** Conditions as SQL; `values` grows. */
export function sqlOf(conditions: readonly Condition[], tongue: 'sql' | 'chunk', values: unknown[]): string {
  const bind: Bind = (value) => `$${values.push(value)}`
  const said = conditions.flatMap((condition) => condition[tongue]?.(bind) ?? [])
  return said.length === 0 ? '' : ` where ${said.join(' and ')}`
}

type Client = Pick<Pool, 'query'>

export async function readRows(client: Client, q: RowsQuery): Promise<LogRow[]> {
  const values: unknown[] = []
  const conditions = sqlOf(q.where, 'sql', values)
  const order = q.order === undefined ? '' : ` order by ${orderedBy(...q.order)}`
  const limit = q.limit === undefined ? '' : ` limit $${values.push(q.limit)}`
  const { rows } = await client.query<LogRow & { readonly has_chunks: boolean }>(
    `select ${q.columns ?? logColumns}, exists (select from log_chunks) as has_chunks from log${conditions}${order}${limit}`,
    values,
  )
  return rows[0]?.has_chunks === false ? rows : addSealed(client, q, rows)
}

const fewestChunks = 2
const mostChunks = 16
/** What chunks are read in the order of, so that a page needs few of them. */
const chunkOrders = {
  position: { asc: 'last, partition', desc: 'last, partition' },
  id: { asc: 'min_id, partition, last', desc: 'max_id, partition, last' },
} as const

interface ChunkRow {
  readonly partition: number
  readonly first: string
  readonly last: string
  readonly min_id: string
  readonly max_id: string
  readonly lines: Buffer
}

/** Of an event in the log: its own. */
export const placeOf = ({ partition, position }: Pick<LogRow, 'partition' | 'position'>) => `${partition} ${position}`

/** The rows of chunks that the query asks for, beside `rows` of the tables; a few chunks at a time, as long as one may have what belongs to the answer. */
export async function addSealed(
  client: Client,
  { where: conditions, order, limit }: RowsQuery,
  rows: readonly LogRow[],
): Promise<LogRow[]> {
  const [walk, direction] = order ?? ['position', 'asc']
  const field = walk === 'id' ? 'id' : 'position'
  const sign = direction === 'asc' ? 1 : -1
  const compare = (a: LogRow, b: LogRow) =>
    sign * (field === 'id' ? (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) : Number(a.position) - Number(b.position))
  const places = new Set(rows.map(placeOf))
  const cells = conditions.flatMap((condition) => (condition.cells === undefined ? [] : [condition.cells]))
  const columns = chunkOrders[field][direction].split(', ') as ('partition' | 'last' | 'min_id' | 'max_id')[]
  const [past, by] = direction === 'asc' ? (['>', ' asc'] as const) : (['<', ' desc'] as const)
  let found = [...rows]
  let reached: ChunkRow | undefined
  for (let most = fewestChunks; ; most = Math.min(mostChunks, most * 2)) {
    const end = limit === undefined || order === undefined ? undefined : found[limit - 1]
    const values: unknown[] = []
    const bounds = [
      ...conditions,
      ...(end === undefined ? [] : [where(field, direction === 'asc' ? '<' : '>', field === 'id' ? end.id : Number(end.position))]),
    ]
    const asked = sqlOf(bounds, 'chunk', values)
    const after = reached
    const further =
      after === undefined
        ? ''
        : `${asked === '' ? ' where' : ' and'} (${columns.join()}) ${past} (${columns.map((column) => `$${values.push(after[column])}`).join()})`
    const { rows: chunks } = await client.query<ChunkRow>(
      `select partition, first, last, min_id, max_id, lines from log_chunks${asked}${further} order by ${columns.map((column) => column + by).join()} limit ${most}`,
      values,
    )
    for (const { lines } of chunks)
      for (const row of openChunk(lines, cells)) if (conditions.every(({ is }) => is(row)) && !places.has(placeOf(row))) found.push(row)
    if (order !== undefined) found.sort(compare)
    if (limit !== undefined) found = found.slice(0, limit)
    reached = chunks.at(-1)
    if (chunks.length < most) return found
  }
}

interface Stretch {
  readonly partition: number
  /** Rows of (after, upTo]. */
  readonly after: number
  readonly upTo: number
}

/** The rows of chunks in these stretches, each with its stretch. Primary key of log_chunks, once for each. */
export async function readStretches<S extends Stretch>(
  client: Client,
  stretches: readonly S[],
): Promise<{ readonly row: LogRow; readonly of: S }[]> {
  const { rows: parts } = await client.query<{ partition: number; last: string; first: string; n: number }>(
    `select c.partition, c.last, c.first, s.n::int from unnest($1::int[], $2::bigint[], $3::bigint[]) with ordinality as s (partition, after, up_to, n),
       lateral (select partition, first, last from log_chunks where partition = s.partition and last > s.after and first <= s.up_to
         and last < s.up_to + ${mostChunkEvents} offset 0) c order by 1, 2`,
    [stretches.map(({ partition }) => partition), stretches.map(({ after }) => after), stretches.map(({ upTo }) => upTo)],
  )
  const chunks = Map.groupBy(parts, ({ partition, last }) => `${partition} ${last}`)
  const wanted = [...chunks.values()]
  const found: { readonly row: LogRow; readonly of: S }[] = []
  for (let i = 0; i < wanted.length; i += mostChunks) {
    const some = wanted.slice(i, i + mostChunks)
    const { rows } = await client.query<{ partition: number; last: string; lines: Buffer }>(
      'select partition, last, lines from log_chunks where (partition, last) in (select * from unnest($1::int[], $2::bigint[]))',
      [some.map(([part]) => part?.partition), some.map(([part]) => part?.last)],
    )
    for (const { partition, last, lines } of rows) {
      const opened = openChunk(lines)
      for (const { first, n } of chunks.get(`${partition} ${last}`) ?? []) {
        const of = stretches[n - 1]
        if (of !== undefined)
          // Positions of a chunk are dense.
          for (const row of opened.slice(Math.max(0, of.after + 1 - Number(first)), of.upTo + 1 - Number(first))) found.push({ row, of })
      }
    }
  }
  return found
}
