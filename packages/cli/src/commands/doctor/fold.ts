/**
 * The rows that are shown are what the log folds to: it is folded again in memory, partition by partition, and compared.
 *
 * The log is read in short statements, because a transaction that has read it would make the server wait for its next day of the log,
 * and everybody behind it. Only the comparison is one transaction, of the rows alone: it sees the rows and the position they stand for,
 * and what was committed up to there is folded before. The log only grows, so it is the same whenever it is read.
 */
import { applyWhole, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { UnreadableCalls } from '@signalbox/server/store/call-chunk.ts'
import { type ChunkCall, type ChunkPlace, callsByKey, mostHashes, pageOfCalls } from '@signalbox/server/store/calls-read.ts'
import { type LogRow, toEvent } from '@signalbox/server/store/log-row.ts'
import { readRows, where } from '@signalbox/server/store/log-rows.ts'
import type { Pool, PoolClient } from 'pg'
import { printable, whole } from '../terminal.ts'
import { differentFields, differentInBody, type StoredRow } from './differences.ts'
import type { Finding, Progress } from './finding.ts'

const name = 'rows as folded'
const pageEvents = 2_000
const pageChunks = 50
/** Rows of one partition held at a time: up to four kilobytes each, measured with all that a fold of them leaves to collect. */
const usualMostRows = 300_000
const mostNamed = 5

interface Head {
  readonly partition: number
  readonly position: number
  readonly fold: string
}

/** Why a partition's rows cannot be compared. */
class CannotCompare extends Error {
  readonly todo: string
  constructor(message: string, todo: string) {
    super(message)
    this.todo = todo
  }
}

export async function checkFold(pool: Pool, progress: Progress, mostRows = usualMostRows): Promise<Finding> {
  const { rows } = await pool.query<{ partition: number }>('select partition from heads order by partition')
  const wrong: string[] = []
  const cannot: CannotCompare[] = []
  let count = 0
  for (const { partition } of rows) {
    try {
      const found = await checkPartition(pool, partition, mostRows, progress)
      count += found.count
      wrong.push(...found.wrong)
    } catch (error) {
      if (error instanceof UnreadableCalls) wrong.push(`closed calls of partition ${partition} cannot be read`)
      else if (error instanceof CannotCompare) cannot.push(error)
      else throw error
    }
  }
  if (wrong.length > 0)
    return {
      name,
      health: 'bad',
      what: `${wrong
        .slice(0, mostNamed)
        .map((text) => printable(text))
        .join('; ')}${wrong.length > mostNamed ? `; and ${whole(wrong.length - mostNamed)} more` : ''}`,
      todo: 'If the log is as committed: run "signalbox doctor --refold", then restart the server, which makes the rows again from it. And please report it.',
    }
  const [first] = cannot
  if (first !== undefined) return { name, health: 'unknown', what: first.message, todo: first.todo }
  return { name, health: 'good', what: `${whole(count)} rows are what the log folds to` }
}

async function checkPartition(pool: Pool, partition: number, mostRows: number, progress: Progress) {
  const folding = createFolding(pool, partition, mostRows, progress)
  const client = await pool.connect()
  try {
    const headNow = async (): Promise<Head> => {
      const { rows } = await client.query<{ position: string; fold: string }>(
        'select folded as position, fold from heads where partition = $1',
        [partition],
      )
      const head = { partition, position: Number(rows[0]?.position ?? 0), fold: rows[0]?.fold ?? '' }
      if (head.fold === FOLD_VERSION) return head
      throw new CannotCompare(
        `the rows are of fold "${head.fold}", this version folds "${FOLD_VERSION}"`,
        'A start of this version makes them again. If another version runs, use its doctor.',
      )
    }
    await folding.upTo((await headNow()).position)
    await client.query('begin isolation level repeatable read, read only')
    // What came meanwhile, by another connection.
    await folding.upTo((await headNow()).position)
    for (let after: ChunkPlace | undefined; ; ) {
      const { calls, next } = await pageOfCalls(client, partition, after, pageChunks)
      for (const call of calls) folding.compareCall(call)
      for (const call of await hidden(client, calls)) folding.hide(call)
      if (next === undefined) break
      after = next
    }
    folding.callsCompared()
    await client.query(
      `declare stored no scroll cursor for
       select tenant, tbl, key, position, sort, run, agent, task, state, open, body from projections where partition = ${partition}`,
    )
    for (;;) {
      const { rows } = await client.query<StoredRow>(`fetch ${pageEvents} from stored`)
      if (rows.length === 0) return folding.finish()
      for (const row of rows) folding.compare(row)
    }
  } finally {
    await client.query('rollback').catch(() => undefined)
    client.release()
  }
}

/** Calls that no reader finds by their key: what their chunk says of them is wrong. So many keys at once as their hashes are looked at for. */
async function hidden(client: Pick<PoolClient, 'query'>, calls: readonly ChunkCall[]): Promise<ChunkCall[]> {
  const found: ChunkCall[] = []
  for (let from = 0; from < calls.length; from += mostHashes) {
    for (const [tenant, own] of Map.groupBy(calls.slice(from, from + mostHashes), (call) => call.tenant)) {
      const keys = await callsByKey(
        client,
        tenant,
        own.map(({ key }) => key),
      )
      found.push(...own.filter(({ key }) => !keys.has(key)))
    }
  }
  return found
}

const idOf = (tenant: string, table: string, key: string) => `${tenant}\u0000${table}\u0000${key}`
const called = (tenant: string, table: string, key: string) => `${table} "${key.split('\u001f').join(' / ')}" of tenant ${tenant}`

function createFolding(pool: Pool, partition: number, mostRows: number, progress: Progress) {
  /** By tenant. */
  const held = new Map<string, ReturnType<typeof createRows>>()
  /** Position of the newest event that wrote the row. */
  const positions = new Map<string, number>()
  const wrong: string[] = []
  const seen = new Set<string>()
  /** Of calls in chunks the newest position, and each with its position. */
  const newestCalls = new Map<string, number>()
  const versions = new Set<string>()
  let at = 0

  function fold(row: LogRow) {
    const event = toEvent(row)
    if (event.position !== at + 1)
      throw new CannotCompare(
        `event ${whole(at + 1)} of partition ${partition} is gone: its rows cannot be made again from the log`,
        'Nothing is wrong with that where the retention took it, which "log as committed" tells.',
      )
    at = event.position
    const base = held.get(event.tenant) ?? createRows()
    held.set(event.tenant, base)
    try {
      applyWhole(
        {
          get: base.get,
          set(table, key, made) {
            base.set(table, key, made)
            positions.set(idOf(event.tenant, table, key), at)
          },
        },
        event,
      )
    } catch {
      // As the server does when it folds its log again: an event that the fold refuses writes no row.
    }
  }

  return {
    async upTo(position: number): Promise<void> {
      while (at < position) {
        const rows = await readRows(pool, {
          where: [where('partition', '=', partition), where('position', '>', at), where('position', '<=', position)],
          order: ['position', 'asc'],
          limit: pageEvents,
        })
        if (rows.length === 0)
          throw new CannotCompare(
            `the events after ${whole(at)} of partition ${partition} are gone: its rows cannot be made again from the log`,
            'Nothing is wrong with that where the retention took them, which "log as committed" tells.',
          )
        for (const row of rows) fold(row)
        if (positions.size > mostRows)
          throw new CannotCompare(
            `partition ${partition} has more than ${whole(mostRows)} rows, the most that are folded in memory here`,
            'Nothing is known to be wrong: they were not compared.',
          )
        progress(`folded ${whole(at)} of ${whole(position)} events of partition ${partition}`)
      }
    },
    /** Of chunks. What a call was before it changed is beside what it is: of those only the position can be compared. */
    compareCall({ tenant, key, position, row }: ChunkCall): void {
      const id = idOf(tenant, 'calls', key)
      const version = `${id}\u0000${position}`
      if (versions.has(version)) {
        wrong.push(`${called(tenant, 'calls', key)} is there twice`)
        return
      }
      versions.add(version)
      newestCalls.set(id, Math.max(position, newestCalls.get(id) ?? 0))
      const due = held.get(tenant)?.get('calls', key)
      if (due === undefined || positions.get(id) !== position) return
      const fields = differentInBody(row, due)
      if (fields.length > 0) wrong.push(`${called(tenant, 'calls', key)} differs in ${fields.join(', ')}`)
    },
    hide({ tenant, key }: ChunkCall): void {
      wrong.push(`${called(tenant, 'calls', key)} is not found by its key`)
    },
    /** After the last of chunks, before the rows. */
    callsCompared(): void {
      for (const [id, newest] of newestCalls) {
        const [tenant = '', , key = ''] = id.split('\u0000')
        const position = positions.get(id)
        if (position === undefined) wrong.push(`${called(tenant, 'calls', key)} is of no event`)
        else if (position !== newest) wrong.push(`${called(tenant, 'calls', key)} differs in position`)
        seen.add(id)
      }
    },
    compare(stored: StoredRow): void {
      const { tenant, tbl, key } = stored
      const id = idOf(tenant, tbl, key)
      // Closed before there were chunks, and changed since.
      if (tbl === 'calls' && !stored.open && Number(stored.position) < (newestCalls.get(id) ?? 0)) return
      const position = positions.get(id)
      const due = held.get(tenant)?.get(tbl, key) as RowOf[Table] | undefined
      if (seen.has(id)) wrong.push(`${called(tenant, tbl, key)} is there twice`)
      else if (due === undefined || position === undefined) wrong.push(`${called(tenant, tbl, key)} is of no event`)
      else {
        const fields = differentFields(stored, { position, table: tbl, row: due })
        if (fields.length > 0) wrong.push(`${called(tenant, tbl, key)} differs in ${fields.join(', ')}`)
      }
      seen.add(id)
    },
    finish(): { readonly count: number; readonly wrong: readonly string[] } {
      for (const id of positions.keys()) {
        const [tenant = '', table = '', key = ''] = id.split('\u0000')
        if (!seen.has(id)) wrong.push(`${called(tenant, table, key)} is missing`)
      }
      return { count: positions.size, wrong }
    },
  }
}
