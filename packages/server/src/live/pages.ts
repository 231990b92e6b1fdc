/** What a feed has between two places of the log, as frames of bounded size: from memory where it is there, else from the store. */
import { takesPart } from '@signalbox/model/fold/run.ts'
import type { FeedKind, Filter, LiveRow, RemovedRow } from '@signalbox/model/live.ts'
import type { EdgeRow } from '@signalbox/model/rows.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Heads, LogReader } from '../store/store.ts'
import { nextTurn } from '../turns.ts'
import { encodeCursor } from './cursor.ts'
import { isOfRuns, matchesEvent, matchesPlace, matchesRow, mayHaveMatched } from './filter.ts'
import { type Encoded, encode, encodeDelta, encodeEvents, encodeSnapshotPage, type Framing } from './frames.ts'
import { joining } from './pace.ts'
import { lagOf, type ResyncReason } from './place.ts'
import { type Ring, type RingRow, removedWire, rowWire } from './ring.ts'
import type { Snapshot } from './snapshots.ts'

export interface Feed {
  readonly sub: string
  readonly tenant: string
  readonly feed: FeedKind
  readonly filter: Filter
  readonly framing: Framing
}

export interface Page {
  /** Absent: nothing matched up to `to`. */
  readonly frame: Encoded | undefined
  readonly to: readonly number[]
}

export interface Limits {
  readonly items: number
  readonly bytes: number
}

/** From where is looked, what the reader holds (the frame's `from`), and how far. */
export interface Range {
  readonly after: readonly number[]
  readonly from: readonly number[]
  readonly upTo: readonly number[]
}

export interface Pages {
  /** Who takes part in the filter's runs, as of now: asked for by a reader that has its place, before its first page. */
  learn(): Promise<void>
  covers(after: readonly number[]): boolean
  /** At once, but where an agent became a member of the filter's runs. */
  fromRing(range: Range, limits: Limits): Page | Promise<Page>
  fromStore(range: Range, limits: Limits): Promise<Page>
  heartbeat(from: readonly number[], to: readonly number[], serverTime: number): Encoded
  /** From the reader's own spelling of a place to today's. */
  respelled(held: Heads, serverTime: number): Encoded
  /** Of a reader that was too slow. One for what left the store comes as a page. */
  gap(from: readonly number[], to: readonly number[]): Encoded
  resync(reason: ResyncReason, positions: readonly number[]): Encoded
  snapshot(snapshot: Snapshot): Promise<readonly Encoded[]>
}

interface PagesDeps extends Feed {
  readonly ring: Ring
  readonly reader: LogReader
  readonly metrics: Metrics
  readonly cursorOf: (positions: readonly number[]) => string
}

const nameOf = ({ partition, table, key }: RemovedRow) => `${partition} ${table} ${key}`

const snapshotPageRows = 1_000
/** Positions looked at for one page when few match. */
const mostScanned = 20_000

export function createPages(deps: PagesDeps): Pages {
  const { sub, tenant, feed, filter, framing, ring, reader, metrics, cursorOf } = deps
  const startCursor = cursorOf(ring.heads.map(() => 0))
  /** All who are given the same snapshot are given the same frames: a storm of readers holds it once. */
  const framed = new WeakMap<Snapshot, Promise<readonly Encoded[]>>()
  const runs = feed === 'state' ? (filter.run ?? []) : []
  /** Agents that take part in these runs: all as of the place of any reader, or more. Grows, as nobody ever leaves a run. */
  const members = new Set<string>()
  const learn = joining(async () => {
    const found = await reader.members({ tenant, run: runs })
    for (const agent of found.agents) members.add(agent)
    return found.partitions
  })
  /** Rows asked of the store at once: fewer once events turn out to be large. */
  let storeLimit = 500

  const eventPage = (range: Range, to: readonly number[], wires: readonly string[]): Page => ({
    frame: wires.length === 0 ? undefined : encodeEvents(framing, sub, cursorOf(range.from), cursorOf(to), wires),
    to,
  })
  const rowPage = (range: Range, to: readonly number[], wires: readonly string[], removed: readonly string[]): Page => ({
    frame: wires.length + removed.length === 0 ? undefined : encodeDelta(framing, sub, cursorOf(range.from), cursorOf(to), wires, removed),
    to,
  })

  function eventsFromRing(range: Range, limits: Limits): Page {
    const to = [...range.after]
    const wires: string[] = []
    let bytes = 0
    let scanned = 0
    for (let partition = 0; partition < to.length; partition += 1) {
      const upTo = range.upTo[partition] ?? 0
      for (const event of ring.events(partition, range.after[partition] ?? 0, upTo)) {
        if (wires.length >= limits.items || bytes >= limits.bytes || scanned >= mostScanned) return eventPage(range, to, wires)
        scanned += 1
        to[partition] = event.position
        if (event.tenant !== tenant || !matchesEvent(filter, event)) continue
        const text = toWire(event)
        bytes += text.length
        wires.push(text)
      }
      to[partition] = Math.max(to[partition] ?? 0, upTo)
    }
    return eventPage(range, to, wires)
  }

  /** The rows of agents that became members, of all partitions: their readers lack what did not change since. */
  async function rowsOf(agents: Iterable<string>, sent: { has(name: string): boolean }, upTo: readonly number[]): Promise<string[]> {
    const rows = await reader.agents({ tenant, ids: [...agents], upTo })
    return rows.filter((row) => !sent.has(nameOf(row)) && matchesRow(filter, row.table, row.row, members)).map(rowWire)
  }

  /** Whether it passed the filter before, and a frame that follows the one before it has to tell of it. */
  const passedBefore = ({ table, row, was }: RingRow): boolean =>
    was === 'unknown' ? mayHaveMatched(filter, table, row) : was.some((place) => matchesPlace(filter, table, place, members))

  /**
   * Of a row that changed again the store has only the newest, which may be beyond the page: the frames after it, from memory, know what
   * it was there, and not what it was to a reader who had been away. Such rows that do not pass are told with the page.
   */
  function goneSince(partition: number, after: number, mayHold: (row: LiveRow) => boolean): string[] {
    if (!ring.covers(partition, after)) return []
    const gone = new Set<string>()
    for (const held of ring.rows(partition, after, ring.heads[partition] ?? 0)) {
      const { table, row } = held
      const isTold = held.tenant !== tenant || matchesRow(filter, table, row, members) || passedBefore(held)
      if (!isTold && mayHold(held)) gone.add(removedWire(held))
    }
    return [...gone]
  }

  function rowsFromRing(range: Range, limits: Limits): Page | Promise<Page> {
    const to = [...range.after]
    const joined = new Set<string>()
    /** What became last of each key: the rows between are conflated. */
    const newest = new Map<string, RingRow>()
    let seen = 0
    scan: for (let partition = 0; partition < to.length; partition += 1) {
      const upTo = range.upTo[partition] ?? 0
      for (const end of ring.ends(partition, range.after[partition] ?? 0, upTo)) {
        if (newest.size >= limits.items) break scan
        for (const held of ring.rows(partition, to[partition] ?? 0, end)) {
          const { table, row } = held
          if (held.tenant !== tenant) continue
          const named = runs.length > 0 ? held.joined() : []
          if (named.length > 0 && isOfRuns(filter, table, row)) {
            for (const agent of named) {
              members.add(agent)
              joined.add(agent)
            }
          }
          if (!passedBefore(held) && !matchesRow(filter, table, row, members)) continue
          seen += 1
          newest.set(nameOf(held), held)
        }
        to[partition] = end
      }
      to[partition] = Math.max(to[partition] ?? 0, upTo)
    }
    metrics.conflated.inc(seen - newest.size)
    const wires: string[] = []
    const removed: string[] = []
    // Looked at last: who joined in a later commit of this page counts.
    for (const held of newest.values()) {
      if (matchesRow(filter, held.table, held.row, members)) wires.push(held.wire())
      else removed.push(removedWire(held))
    }
    if (joined.size === 0) return rowPage(range, to, wires, removed)
    return rowsOf(joined, newest, to).then((more) => rowPage(range, to, [...wires, ...more], removed))
  }

  async function fromStore(range: Range, limits: Limits): Promise<Page> {
    const partition = range.after.findIndex((position, i) => position < (range.upTo[i] ?? 0))
    if (partition < 0) return { frame: undefined, to: range.after }
    const where = { tenant, partition, after: range.after[partition] ?? 0, upTo: range.upTo[partition] ?? 0, filter }
    const reached = (position: number) => range.after.map((held, i) => (i === partition ? position : held))
    if (feed === 'state') {
      // The store does not know what a row was: what may have passed the filter before is told as removed.
      const { rows, scannedTo } = await reader.rowsChanged({
        ...where,
        filter: filter.run === undefined ? {} : { run: filter.run },
        limit: limits.items,
      })
      // After the rows, so that who joined by one of them is known.
      const isHome = runs.length > 0 && (await learn()).has(partition)
      const mayHold = ({ table, key, row }: LiveRow) =>
        mayHaveMatched(filter, table, row) && (isHome || runs.length === 0 || table !== 'agents' || members.has(key))
      const wires: string[] = []
      const removed: string[] = []
      const joined: string[] = []
      for (const row of rows) {
        const { table } = row
        if (runs.length > 0 && table === 'edges') joined.push(...takesPart(row.row as EdgeRow))
        // Who joined since changed its row here, or an edge names it: its reader may lack the rows of other partitions, that match where this one does not.
        if (isHome && table === 'agents' && members.has(row.key)) joined.push(row.key)
        if (matchesRow(filter, table, row.row, members)) wires.push(rowWire(row))
        else if (mayHold(row)) removed.push(removedWire(row))
      }
      if (joined.length > 0) wires.push(...(await rowsOf(joined, new Set(rows.map(nameOf)), reached(scannedTo))))
      return rowPage(range, reached(scannedTo), wires, [...removed, ...goneSince(partition, scannedTo, mayHold)])
    }
    const { events: found, scannedTo } = await reader.readPartition({ ...where, limit: Math.min(limits.items, storeLimit) })
    const isWhole = found.length === scannedTo - where.after
    const hole = isWhole ? undefined : await reader.firstHole({ partition, after: where.after, upTo: scannedTo })
    if (hole?.after === where.after) return { frame: gap(range.from, reached(hole.upTo), 'expired'), to: reached(hole.upTo) }
    const end = hole?.after ?? scannedTo
    const events = hole === undefined ? found : found.filter(({ position }) => position <= end)
    const wires: string[] = []
    let bytes = 0
    for (const event of events) {
      if (bytes >= limits.bytes) break
      const text = toWire(event)
      bytes += text.length
      wires.push(text)
    }
    storeLimit = bytes >= limits.bytes ? Math.max(1, wires.length) : Math.min(500, storeLimit * 2)
    const cutAt = wires.length < events.length ? events[wires.length - 1]?.position : undefined
    return eventPage(range, reached(cutAt ?? end), wires)
  }

  async function frame({ positions, wires, truncated }: Snapshot): Promise<readonly Encoded[]> {
    const cursor = cursorOf(positions)
    if (truncated.length > 0) metrics.truncated.inc()
    const pages: Encoded[] = []
    for (let i = 0; i === 0 || i < wires.length; i += snapshotPageRows) {
      const last = i + snapshotPageRows >= wires.length
      const end = last ? { truncated } : undefined
      pages.push(encodeSnapshotPage(framing, sub, cursor, wires.slice(i, i + snapshotPageRows), startCursor, end))
      if (!last) await nextTurn()
    }
    return pages
  }

  function gap(from: readonly number[], to: readonly number[], reason: 'slow' | 'expired'): Encoded {
    metrics.gaps.inc()
    metrics.dropped.inc(lagOf(from, to))
    const query = new URLSearchParams([
      ['feed', feed],
      ['cursor', cursorOf(from)],
      ['until', cursorOf(to)],
      ...Object.entries(filter).flatMap(([name, values]) => (values as readonly string[]).map((value) => [name, value])),
    ])
    return encode(framing, { kind: 'gap', sub, from: cursorOf(from), cursor: cursorOf(to), reason, fetch: `/v1/poll?${query}` })
  }

  return {
    async learn() {
      if (runs.length > 0) await learn()
    },
    covers: (after) => after.every((position, partition) => ring.covers(partition, position)),
    fromRing: feed === 'state' ? rowsFromRing : eventsFromRing,
    fromStore,
    heartbeat: (from, to, serverTime) =>
      encode(framing, { kind: 'heartbeat', sub, from: cursorOf(from), cursor: cursorOf(to), serverTime }),
    respelled: (held, serverTime) =>
      encode(framing, { kind: 'heartbeat', sub, from: encodeCursor(held), cursor: cursorOf(held.positions), serverTime }),
    gap: (from, to) => gap(from, to, 'slow'),
    resync(reason, positions) {
      metrics.resyncs.inc({ reason })
      // Until its snapshot is whole, a state feed's reader has nothing to go on from.
      return encode(framing, { kind: 'resync', sub, cursor: feed === 'state' ? startCursor : cursorOf(positions), reason })
    },
    snapshot(snapshot) {
      const held = framed.get(snapshot) ?? frame(snapshot)
      framed.set(snapshot, held)
      return held
    },
  }
}
