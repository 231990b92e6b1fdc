/** What is read once all is healed and at rest, for the laws: the log, its rows folded again, what readers hold, the chain. */
import type { LoggedEvent, StoredEvent } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import { type AgentRow, type EdgeRow, type RowOf, type RunRow, tables as rowTables, type Table } from '@signalbox/model/rows.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { isOfRuns, matchesRow } from '@signalbox/server/live/filter.ts'
import { chainHash } from '@signalbox/server/sequencer/chain.ts'
import { openCalls } from '@signalbox/server/store/call-chunk.ts'
import { copyLine, toEvent } from '@signalbox/server/store/log-row.ts'
import { canonicalJson, contentHash } from '../history/content.ts'
import type { Place } from '../history/history.ts'
import type { LogRow, ProjectionRow, Tables } from './database/tables.ts'
import type { Observer } from './observers.ts'
import type { World } from './world.ts'

type Placed = { readonly table: Table; readonly key: string; readonly partition: number; readonly row: RowOf[Table] }

/** An agent's rows joined; others named by their partition, but for runs, which have but one. */
function named(rows: Iterable<Placed>): Record<string, string> {
  const made: Record<string, string> = {}
  const agents = new Map<string, AgentRow[]>()
  for (const { table, key, partition, row } of rows) {
    if (table === 'agents') agents.set(key, [...(agents.get(key) ?? []), row as AgentRow])
    else {
      const name = table === 'runs' ? `runs/${key}` : `${table}/${key}@${partition}`
      made[name] = name in made ? '{"id":"two rows have this key"}' : canonicalJson(row)
    }
  }
  for (const [key, parts] of agents) made[`agents/${key}`] = canonicalJson(joinAgents(parts))
  return made
}

const eventOf = (row: LogRow): LoggedEvent => toEvent({ ...row, position: String(row.position) })

function placeOf(row: LogRow): Place {
  const stored = JSON.parse(toWire(eventOf(row))) as StoredEvent
  return [stored.partition, stored.position, stored.id, contentHash(stored)]
}

const projected = ({ tbl, key, partition, body }: ProjectionRow): Placed => ({
  table: tbl as Table,
  key,
  partition,
  row: JSON.parse(body) as RowOf[Table],
})

/** Also what is of a call that is open and in a chunk, or in two that both say that it closed first: then it is there twice. */
function* written({ projections, callChunks }: Tables): Iterable<Placed> {
  for (const row of projections.values()) yield projected(row)
  const calls = [...callChunks.values()].flatMap(({ partition, again, calls }) =>
    openCalls(calls).map((call) => ({ ...call, partition, again, name: `${call.key}@${partition}` })),
  )
  const newest = new Map<string, number>()
  for (const { again, name, position } of calls) if (again) newest.set(name, Math.max(position, newest.get(name) ?? 0))
  for (const { name, key, partition, position, row } of calls)
    if (position >= (newest.get(name) ?? 0)) yield { table: 'calls', key, partition, row }
}

function* refolded({ log }: Tables): Iterable<Placed> {
  for (const [partition, events] of log.entries()) {
    const rows = createRows()
    for (const event of events) applyEvent(rows, eventOf(event))
    for (const [table, key, row] of rows.entries()) yield { table, key, partition, row: JSON.parse(JSON.stringify(row)) as RowOf[Table] }
  }
}

function chainOf({ log, commits, heads }: Tables): string | undefined {
  for (const [partition, list] of commits.entries()) {
    let before: Buffer = Buffer.alloc(0)
    for (const { first, last, hash } of list) {
      const lines = (log[partition] ?? []).slice(first - 1, last).map((row) => copyLine(eventOf(row)))
      before = chainHash(before, Buffer.from(lines.join('')))
      if (!before.equals(hash)) return `${partition}:${first} to ${last}`
    }
    if (heads[partition]?.hash.equals(before) !== true) return `the head of ${partition}`
  }
  return undefined
}

/** Of a reader with a filter: what it has to hold at rest, against what it holds. */
function compareFiltered(world: World, observer: Observer): void {
  const all = [...written(world.database.tables)]
  const ofRuns = all.filter(({ table, row }) => (table === 'runs' || table === 'edges') && isOfRuns(observer.filter, table, row))
  const members = new Set(ofRuns.flatMap(({ row }) => takesPart(row as RunRow | EdgeRow)))
  const due = all.filter(({ table, row }) => matchesRow(observer.filter, table, row, members))
  const [wanted, held] = [named(due), heldBy(observer)]
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(held)]))
    if (wanted[name] !== held[name]) world.violate(`${observer.name} holds another ${name} than its filter gives`)
}

function heldBy({ state }: Observer): Record<string, string> {
  const held: Record<string, string> = {}
  for (const table of rowTables)
    for (const [name, row] of state().all(table)) {
      const [key, partition] = name.split('\u001e')
      held[table === 'agents' || table === 'runs' ? `${table}/${key}` : `${table}/${key}@${partition}`] = canonicalJson(row)
    }
  return held
}

export function tellFinals(world: World, observers: readonly Observer[], isAllKept: boolean): void {
  const { tables } = world.database
  const tell = (entry: Parameters<World['tell']>[1], process = 'reader') => world.tell(process, entry)
  tell({ op: 'final', type: 'ok', what: 'log', places: tables.log.flat().map(placeOf) })
  const items = [...tables.quarantine.values()].map(({ event_id, code }) => ({ code, ...(event_id === null ? {} : { id: event_id }) }))
  if (isAllKept) tell({ op: 'final', type: 'ok', what: 'quarantine', items })
  tell({ op: 'final', type: 'ok', what: 'projection', rows: named(written(tables)) })
  tell({ op: 'final', type: 'ok', what: 'refold', rows: named(refolded(tables)) })
  for (const observer of observers.filter(({ feed }) => feed === 'state')) {
    if (Object.keys(observer.filter).length === 0) tell({ op: 'final', type: 'ok', what: 'live', rows: heldBy(observer) }, observer.name)
    compareFiltered(world, observer)
  }
  const broken = chainOf(tables)
  tell({ op: 'final', type: 'ok', what: 'chain', intact: broken === undefined, ...(broken === undefined ? {} : { detail: broken }) })
}
