/** What is read when all faults are healed and nobody sends: the log and its quarantine, the rows made from it by everybody who makes them, the server's own counts. */
import { readFile } from 'node:fs/promises'
import { checkChain } from '@signalbox/cli/commands/doctor/chain.ts'
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { joinAgents, serverSource } from '@signalbox/model/fold/agent.ts'
import { applyWhole, createRows } from '@signalbox/model/fold/fold.ts'
import type { LiveRows } from '@signalbox/model/live-state.ts'
import { type AgentRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { everyCall } from '@signalbox/server/store/calls-read.ts'
import { readLog } from '@signalbox/server/store/reader.ts'
import pg from 'pg'
import { canonicalJson, contentHash } from '../history/content.ts'
import type { Place, Sent, Told } from '../history/history.ts'
import { databaseUrl } from './database.ts'
import { pagesOf } from './pages-reader.ts'
import type { ServerProcess } from './world.ts'

type Tell = (entry: Told) => void
/** Of everybody who sends and reads without a key. */
const tenant = 'default'
const pageEvents = 2_000
/** Of one entry of the history. */
const mostRows = 2_000

/** Rows of all partitions, an agent's joined. */
class Gathered {
  readonly #agents = new Map<string, AgentRow[]>()
  readonly #rows = new Map<string, unknown>()

  add(table: Table, key: string, row: RowOf[Table]): void {
    if (table !== 'agents') this.#rows.set(`${table}/${key}`, row)
    else this.#agents.set(key, [...(this.#agents.get(key) ?? []), row as AgentRow])
  }

  tell(what: 'projection' | 'refold' | 'live', tell: Tell): void {
    const agents = [...this.#agents].map(([key, parts]) => [`agents/${key}`, joinAgents(parts)] as const)
    const all = [...agents, ...this.#rows]
    for (let at = 0; at === 0 || at < all.length; at += mostRows) {
      const rows = Object.fromEntries(all.slice(at, at + mostRows).map(([key, row]) => [key, canonicalJson(row)]))
      tell({ op: 'final', type: 'ok', what, rows })
    }
  }
}

export interface StoreRead {
  /** The log's length by partition. */
  readonly heads: readonly number[]
  /** Events of the tenant that everybody here is of. */
  readonly events: number
}

/** Reads the database alone: what the server says of its log is the observers' to tell. */
export async function readStore(dataFolder: string, tell: Tell): Promise<StoreRead> {
  const pool = new pg.Pool({ connectionString: await databaseUrl(dataFolder), max: 2 })
  pool.on('error', () => undefined)
  try {
    const heads = await foldedHeads(pool)
    const refold = new Gathered()
    let events = 0
    for (const [partition, head] of heads.entries()) events += await readPartition(pool, partition, head, refold, tell)
    refold.tell('refold', tell)

    const projection = await readProjection(pool, heads)
    projection.tell('projection', tell)

    const chain = await checkChain(pool, () => undefined)
    tell({ op: 'final', type: 'ok', what: 'chain', intact: chain.health === 'good', detail: chain.what })
    return { heads, events }
  } finally {
    await pool.end()
  }
}

async function readProjection(pool: pg.Pool, heads: readonly number[]): Promise<Gathered> {
  const projection = new Gathered()
  // In the order of partitions, as the log is folded.
  const { rows } = await pool.query<{ tbl: Table; key: string; open: boolean; body: RowOf[Table] }>(
    'select tbl, key, open, body from projections where tenant = $1 order by partition',
    [tenant],
  )
  for (const { tbl, key, body } of rows) projection.add(tbl, key, body)
  const once = new Set(rows.flatMap(({ open, key }) => (open ? [key] : [])))
  for (const partition of heads.keys())
    for await (const calls of everyCall(pool, partition))
      for (const { key, row } of calls.filter((call) => call.tenant === tenant)) {
        // An open row that was left beside its chunk, or a second chunk that does not say that it is one: told as a row that nothing folds to.
        projection.add('calls', once.has(key) ? `${key} twice` : key, row)
        once.add(key)
      }
  return projection
}

const foldedWithinMs = 30_000

/** Rows are written behind the log: the heads when they have caught up. */
async function foldedHeads(pool: pg.Pool): Promise<readonly number[]> {
  for (const until = Date.now() + foldedWithinMs; ; ) {
    const { rows } = await pool.query<{ position: string; folded: string }>('select position, folded from heads order by partition')
    if (rows.every(({ position, folded }) => position === folded)) return rows.map(({ position }) => Number(position))
    if (Date.now() > until) throw new Error(`The rows did not catch up with the log: ${JSON.stringify(rows)}`)
    await new Promise((resume) => setTimeout(resume, 100))
  }
}

/** Answers how many of its events are of the world's tenant. */
async function readPartition(pool: pg.Pool, partition: number, head: number, refold: Gathered, tell: Tell): Promise<number> {
  const rows = createRows()
  let count = 0
  for (let after = 0; after < head; ) {
    const events = await readLog(pool, partition, after, head, pageEvents)
    const places: Place[] = []
    const own: Sent[] = []
    const foreign: [number, number][] = []
    for (const event of events) {
      if (event.tenant !== tenant) foreign.push([event.partition, event.position])
      else foldInto(rows, event)
      const hash = contentHash(JSON.parse(toWire(event)) as Record<string, unknown>)
      places.push([event.partition, event.position, event.id, hash])
      if (event.source === serverSource) own.push({ id: event.id, source: event.source, hash })
    }
    tell({ op: 'final', type: 'ok', what: 'log', places })
    if (own.length > 0) tell({ op: 'final', type: 'ok', what: 'own', events: own })
    if (foreign.length > 0) tell({ op: 'final', type: 'ok', what: 'foreign', positions: foreign })
    count += events.length - foreign.length
    after = events.at(-1)?.position ?? head
  }
  for (const [table, key, row] of rows.entries()) refold.add(table, key, row)
  return count
}

function foldInto(rows: ReturnType<typeof createRows>, event: LoggedEvent): void {
  try {
    applyWhole(rows, event)
  } catch {
    // As the server does: an event that the fold refuses writes no row.
  }
}

export function tellLive(rows: LiveRows, tell: Tell): void {
  const live = new Gathered()
  for (const table of tables) for (const [name, row] of rows.all(table)) live.add(table, name.split('\u001e')[0] ?? name, row)
  live.tell('live', tell)
}

export async function readQuarantine(url: string, tell: Tell): Promise<void> {
  for await (const page of pagesOf<{ eventId?: string; code: string }>(url, '/v1/quarantine')) {
    const items = page.map(({ eventId, code }) => (eventId === undefined ? { code } : { id: eventId, code }))
    tell({ op: 'final', type: 'ok', what: 'quarantine', items })
  }
}

export interface Metrics {
  sum(name: string, labels?: Readonly<Record<string, string>>): number
  /** Values of a label that occur. */
  labels(name: string, label: string): readonly string[]
}

export async function readMetrics(url: string): Promise<Metrics> {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })).text()
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? ([\d.e+-]+)$/gm)].map(([, name, labels = '', value]) => ({
    name,
    labels: new Map([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', of = '']) => [label, of])),
    value: Number(value),
  }))
  const named = (name: string) => samples.filter((sample) => sample.name === name)
  return {
    sum: (name, labels = {}) =>
      named(name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value))
        .reduce((sum, { value }) => sum + value, 0),
    labels: (name, label) => [...new Set(named(name).flatMap((sample) => sample.labels.get(label) ?? []))],
  }
}

export async function tellFates(url: string, tell: Tell): Promise<void> {
  const metrics = await readMetrics(url)
  for (const door of metrics.labels('signalbox_events_total', 'door')) {
    const of = (fate: string) => metrics.sum('signalbox_events_total', { door, fate })
    const fates = { received: of('received'), stored: of('stored'), duplicate: of('duplicate') }
    tell({ op: 'final', type: 'ok', what: 'fates', door, ...fates, refused: of('refused'), quarantined: of('quarantined') })
  }
}

/** Items received whose fate is not counted yet. */
export async function underWayOf({ url }: ServerProcess): Promise<number> {
  const metrics = await readMetrics(url)
  return 2 * metrics.sum('signalbox_events_total', { fate: 'received' }) - metrics.sum('signalbox_events_total')
}

export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)
}

export async function lagOf(server: ServerProcess): Promise<number> {
  return (await readMetrics(server.url)).sum('signalbox_consumer_lag_events')
}
