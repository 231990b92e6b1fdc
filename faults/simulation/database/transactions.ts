/**
 * Transactions of the core, step by step with time between: locks first, then what they check, then the flush to disk. Only at its end
 * is anything of one in the tables. Mirrors `commit_events`, `begin_rows` and `rows_written` of the migrations.
 */
import type { Bug } from '../bugs.ts'
import type { Locks } from './locks.ts'
import { copiedLog, unique } from './select.ts'
import {
  type CallChunkRow,
  callChunkKey,
  idKey,
  type ProjectionRow,
  projectionKey,
  type QuarantineItem,
  refusal,
  type Tables,
} from './tables.ts'
import { argumentsOf, arrayIn, linesOf, statementsOf } from './text.ts'

export interface Engine {
  readonly tables: Tables
  readonly locks: Locks
  readonly bugs: ReadonlySet<Bug>
  /** Time of one step; never resolves once the database crashed. */
  step(): Promise<void>
  /** Until it is on disk. */
  flush(): Promise<void>
  /** Told of each commit of the log as it becomes durable. */
  readonly onCommit: (partition: number, fence: number, first: number, last: number) => void
}

const fenced = (partition: number) => refusal('SBX01', `partition ${partition} was taken by another writer`)
const headLock = (partition: number) => `head ${partition}`
const columnsIn = (statement: string) => (statement.match(/\(([^)]*)\)/)?.[1] ?? '').split(',').map((name) => name.trim())

function headOf({ tables }: Engine, partition: number) {
  const head = tables.heads[partition]
  if (head === undefined) throw new Error(`The simulated database has no head of partition ${partition}.`)
  return head
}

export async function takePartition(engine: Engine, partition: number): Promise<object[]> {
  const { tables, locks, bugs } = engine
  const owner = {}
  await locks.take(owner, headLock(partition))
  await engine.flush()
  const head = headOf(engine, partition)
  const taken = { ...head, fence: head.fence + 1 }
  tables.heads[partition] = taken
  locks.release(owner)
  const folded = bugs.has('batch-folded-twice') ? Math.max(0, taken.folded - 1) : taken.folded
  return [{ position: String(taken.position), folded: String(folded), fence: String(taken.fence), hash: taken.hash, sealed: '0' }]
}

export function quarantineOf(json: string): QuarantineItem[] {
  return JSON.parse(json) as QuarantineItem[]
}

export function keepQuarantine({ tables }: Engine, items: readonly QuarantineItem[]): void {
  for (const item of items) if (!tables.quarantine.has(item.id)) tables.quarantine.set(item.id, item)
}

async function commitEvents(engine: Engine, [call = '', copy = '', insert]: readonly string[], [lines]: readonly Buffer[]): Promise<void> {
  const { tables, locks, bugs } = engine
  const [partitionText, fenceText, firstText, lastText, atText, , , minId = '', maxId = '', hash = ''] = argumentsOf(call)
  const [partition, fence, first, last] = [partitionText, fenceText, firstText, lastText].map(Number) as [number, number, number, number]
  const owner = {}
  try {
    await locks.take(owner, headLock(partition))
    if (headOf(engine, partition).fence !== fence && !bugs.has('fence-ignored')) throw fenced(partition)
    await engine.step()
    const rows = linesOf(lines ?? Buffer.alloc(0), columnsIn(copy)).map(copiedLog)
    const copied = new Set<string>()
    for (const row of rows) {
      const key = idKey(row)
      await locks.take(owner, key)
      if ((tables.ids.has(key) || copied.has(key)) && !bugs.has('ids-not-unique')) throw unique('log', row.id)
      copied.add(key)
    }
    const literal = insert?.match(/null::quarantine, ( ?E?)'([\s\S]*)'\)/)
    const kept = (literal?.[2] ?? '[]').replaceAll("''", "'")
    await engine.flush()
    tables.heads[partition] = { ...headOf(engine, partition), position: last, hash: Buffer.from(hash.slice(2), 'hex') }
    for (const row of rows) {
      tables.log[partition]?.push(row)
      tables.ids.set(idKey(row), row)
    }
    tables.commits[partition]?.push({
      partition,
      first,
      last,
      at: Number(atText),
      min_id: minId,
      max_id: maxId,
      hash: Buffer.from(hash.slice(2), 'hex'),
      fence,
    })
    keepQuarantine(engine, quarantineOf(literal?.[1]?.includes('E') === true ? kept.replaceAll('\\\\', '\\') : kept))
    engine.onCommit(partition, fence, first, last)
  } finally {
    locks.release(owner)
  }
}

function copiedProjection(line: Record<string, string | null>): ProjectionRow {
  const { position, sort, partition, open } = line
  return { ...line, position: Number(position), sort: Number(sort), partition: Number(partition), open: open === 'true' } as ProjectionRow
}

function copiedChunk(line: Record<string, string | null>): CallChunkRow {
  const { partition, first, last, count, again, tenant, run, hashes, calls } = line
  return {
    partition: Number(partition),
    first: Number(first),
    last: Number(last),
    count: Number(count),
    again: again === 'true',
    tenant: tenant ?? '',
    run: run ?? '',
    hashes: arrayIn(hashes ?? '{}').map(Number),
    calls: Buffer.from(calls?.slice(2) ?? '', 'hex'),
  }
}

async function writeRows(engine: Engine, statements: readonly string[], copies: readonly Buffer[]): Promise<void> {
  const { tables, locks, bugs } = engine
  const [partition = 0, fence = 0] = argumentsOf(statements[0] ?? '').map(Number)
  if (headOf(engine, partition).fence !== fence) throw fenced(partition)
  const gone: string[] = []
  const made = new Map<string, ProjectionRow>()
  const chunks = new Map<string, CallChunkRow>()
  const left = [...copies]
  const owner = {}
  try {
    for (const statement of statements.slice(1, -1)) {
      // No law here reads the figures of minutes. What is changed is there once it is copied.
      if (statement.startsWith('execute add_rollups') || statement === 'execute write_rows') continue
      await engine.step()
      if (statement.startsWith('execute take_open_calls')) {
        const [tenants = [], keys = []] = argumentsOf(statement).map(arrayIn)
        for (const [i, tenant] of tenants.entries())
          gone.push(
            projectionKey({ tenant: tenant ?? '', tbl: 'calls', key: keys[i] ?? '', partition, open: true } as unknown as ProjectionRow),
          )
      } else if (statement.startsWith('copy call_chunks')) {
        for (const chunk of linesOf(left.shift() ?? Buffer.alloc(0), columnsIn(statement)).map(copiedChunk)) {
          const key = callChunkKey(chunk)
          await locks.take(owner, key)
          if (chunks.has(key) || tables.callChunks.has(key)) throw unique('call_chunks', chunk.run)
          chunks.set(key, chunk)
        }
      } else {
        const isNew = statement.startsWith('copy projections')
        for (const row of linesOf(left.shift() ?? Buffer.alloc(0), columnsIn(statement)).map(copiedProjection)) {
          const key = projectionKey(row)
          await locks.take(owner, key)
          const isThere = made.has(key) || (tables.projections.has(key) && !gone.includes(key))
          if (isNew && isThere) throw unique('projections', row.key)
          made.set(key, row)
        }
      }
    }
    await engine.step()
    await locks.take(owner, headLock(partition))
    const head = headOf(engine, partition)
    if (head.fence !== fence) throw fenced(partition)
    const upTo = bugs.has('rows-ahead') ? head.position : Number(argumentsOf(statements.at(-1) ?? '')[2])
    await engine.flush()
    if (!bugs.has('closed-call-stays-open')) for (const key of gone) tables.projections.delete(key)
    for (const [key, row] of made) tables.projections.set(key, row)
    for (const [key, chunk] of chunks) tables.callChunks.set(key, bugs.has('again-forgotten') ? { ...chunk, again: false } : chunk)
    tables.heads[partition] = { ...headOf(engine, partition), folded: upTo }
  } finally {
    locks.release(owner)
  }
}

/** One message of `sendBulk`. */
export async function bulk(engine: Engine, text: string, copies: readonly Buffer[]): Promise<void> {
  const statements = statementsOf(text)
  if (text.startsWith('call commit_events(')) return commitEvents(engine, statements, copies)
  if (text.startsWith('call begin_rows(')) return writeRows(engine, statements, copies)
  throw new Error(`The simulated database does not know this message: ${text.slice(0, 200)}`)
}
