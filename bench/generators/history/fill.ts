/**
 * Writes one partition's history as its sequencer would have: the same lines of the log, commits with their chain, rows of the same fold, figures
 * of the same minutes, snapshots as far apart as its own, sealed days as its sealing leaves them. Many commits are one transaction, and rows
 * are written seldom.
 */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { RowOf, Rows, Table } from '@signalbox/model/rows.ts'
import { chainHash } from '@signalbox/server/sequencer/chain.ts'
import { linesOf } from '@signalbox/server/sequencer/commit.ts'
import { createDueRows } from '@signalbox/server/sequencer/due-rows.ts'
import { idBounds } from '@signalbox/server/sequencer/placed.ts'
import { sendBulk } from '@signalbox/server/store/bulk.ts'
import { type MergePlace, mergeSome } from '@signalbox/server/store/call-merging.ts'
import { createDueRollups } from '@signalbox/server/store/due-rollups.ts'
import { logColumns } from '@signalbox/server/store/log-row.ts'
import { takePartition } from '@signalbox/server/store/log-write.ts'
import { prepareRows, writeRows } from '@signalbox/server/store/rows-write.ts'
import { dueAfter, take } from '@signalbox/server/streams/snapshots.ts'
import pg from 'pg'
import { createCounted } from './counted.ts'
import { fleetEvents, type Part, tenant } from './fleet.ts'
import { copyChunks, createSealedDays } from './sealed.ts'

/** As a few SDKs' batches, committed together. */
const commitEvents = 64
const transactionCommits = 64
const rowsEveryEvents = 20_000
/** As `SIGNALBOX_SNAPSHOT_EVERY` is without being set. */
const snapshotEveryEvents = 2_500
/** From its being received to its being committed, ms. */
const committedMs = 8

interface Commit {
  readonly first: number
  readonly last: number
  readonly at: number
  readonly minId: string
  readonly maxId: string
  readonly hash: Buffer
}

const list = (values: readonly (string | number)[]) => `array[${values.join()}]`
const commitsText = (partition: number, commits: readonly Commit[]) => `insert into commits
    select ${partition}, first, last, at, last - first + 1, 0, 0, min_id, max_id, hash
    from unnest(${list(commits.map(({ first }) => first))}::bigint[], ${list(commits.map(({ last }) => last))}::bigint[],
      ${list(commits.map(({ at }) => at))}::bigint[], ${list(commits.map(({ minId }) => `'${minId}'`))}::uuid[],
      ${list(commits.map(({ maxId }) => `'${maxId}'`))}::uuid[], ${list(commits.map(({ hash }) => `'\\x${hash.toString('hex')}'`))}::bytea[])
      as c (first, last, at, min_id, max_id, hash)`

export async function fill(url: string, part: Part, tell: (events: number) => void): Promise<void> {
  const { partition } = part
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('set synchronous_commit = off')
    return client
  }
  const [log, rowsClient] = await Promise.all([connect(), connect()])
  await prepareRows(rowsClient, partition)
  const head = await takePartition(log, partition)
  if (head.position !== 0) throw new Error(`Partition ${partition} has events already.`)

  const agents = createRows()
  const runs = new Map<string, ReturnType<typeof createRows>>()
  const counted = createCounted()
  const sealed = createSealedDays(part.sealedUntil)
  const rollups = createDueRollups()
  let due = createDueRows()
  let sinceRows: LoggedEvent[] = []
  let hash = head.hash
  let waiting: Commit[] = []
  let lines: Buffer[] = []
  let sealedUpTo = 0
  let logWritten = Promise.resolve()
  let rowsWritten = Promise.resolve()
  let nextSnapshot = snapshotEveryEvents

  function fold(event: LoggedEvent): void {
    const own = runs.get(event.run ?? '') ?? createRows()
    runs.set(event.run ?? '', own)
    const of = (table: Table): Rows => (table === 'agents' ? agents : own)
    applyEvent(
      {
        get: (table, key) => of(table).get(table, key),
        set(table, key, row) {
          const was: RowOf[Table] | undefined = of(table).get(table, key)
          rollups.add([{ tenant, table, row, was }], [])
          // What was not due is stored as it was.
          due.put({ tenant, table, key, row, position: event.position }, was)
          of(table).set(table, key, row)
        },
      },
      event,
    )
    sinceRows.push(event)
  }

  function commit(events: readonly LoggedEvent[]): void {
    const [first, last] = [events[0], events.at(-1)]
    if (first === undefined || last === undefined) return
    const text = linesOf(events)
    hash = chainHash(hash, text)
    const [minId, maxId] = idBounds(events)
    waiting.push({ first: first.position, last: last.position, at: last.receivedAt + committedMs, minId, maxId, hash })
    const inTables = events.filter((event) => !sealed.take(event))
    if (inTables.length === events.length) lines.push(text)
    else {
      lines.push(linesOf(inTables))
      sealedUpTo = last.position - inTables.length
    }
  }

  /** Waits for the transaction before, so that one is made while another is written. */
  async function writeLog(): Promise<void> {
    const last = waiting.at(-1)
    if (last === undefined) return
    const text = `update heads set position = ${last.last}, hash = '\\x${last.hash.toString('hex')}' where partition = ${partition};
      ${commitsText(partition, waiting)}; ${copyChunks}; copy log (${logColumns}) from stdin`
    const copies = [sealed.lines(), Buffer.concat(lines)]
    waiting = []
    lines = []
    await logWritten
    logWritten = sendBulk(log, text, copies)
    logWritten.catch(() => undefined)
  }

  async function writeDue(upTo: number): Promise<void> {
    rollups.add([], sinceRows)
    sinceRows = []
    const leaving = { ...due.sorted(), rollups: rollups.take() }
    due = createDueRows()
    await rowsWritten
    // Behind the log, as ever.
    rowsWritten = logWritten.then(() => writeRows(rowsClient, { partition, fence: head.fence, upTo, ...leaving }))
    rowsWritten.catch(() => undefined)
  }

  let batch: LoggedEvent[] = []
  let rowsUpTo = 0
  for (const { event, isLast } of fleetEvents(part)) {
    fold(event)
    counted.add(event)
    batch.push(event)
    if (isLast) runs.delete(event.run ?? '')
    const { position } = event
    if (batch.length < commitEvents && position < part.events) continue
    commit(batch)
    batch = []
    const isSnapshotDue = position >= nextSnapshot
    const areRowsDue = isSnapshotDue || position - rowsUpTo >= rowsEveryEvents || position === part.events
    if (waiting.length >= transactionCommits || areRowsDue) await writeLog()
    if (areRowsDue) {
      await writeDue(position)
      rowsUpTo = position
      tell(position)
    }
    if (isSnapshotDue) {
      await rowsWritten
      nextSnapshot = position + dueAfter(snapshotEveryEvents, (await take(pool, partition)).bytes)
    }
  }
  await logWritten
  await rowsWritten
  await log.query('update heads set sealed = $1 where partition = $2', [part.sealedUntil, partition])
  for (let after: MergePlace | undefined; ; ) {
    after = await mergeSome(pool, partition, sealedUpTo, after)
    if (after === undefined) break
  }
  await counted.write(pool, { partition, position: part.events })
  await Promise.all([log.end(), rowsClient.end(), pool.end()])
}
