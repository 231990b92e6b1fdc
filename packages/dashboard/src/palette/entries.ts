/** What the palette offers: screens, what the keys do, saved views, and everything that the page knows by name. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'
import { screens } from '../frame/where.ts'
import { bindings } from '../keys.ts'
import { useShown } from '../live/live.ts'
import { useShownRun } from '../live/run.ts'
import type { LiveStore } from '../live/store.ts'
import { useKept } from '../views.ts'
import type { Kind } from './rank.ts'

export interface Entries {
  /** Names a thing within its kind, and is what it is picked by. */
  readonly keys: readonly string[]
  readonly names: readonly string[]
  /** Looked through too, and shown beside the name. */
  readonly details: readonly string[]
}

type Entry = readonly [key: string, name: string, detail: string]

function entriesOf(list: Iterable<Entry>): Entries {
  const [keys, names, details]: [string[], string[], string[]] = [[], [], []]
  for (const [key, name, detail] of list) {
    keys.push(key)
    names.push(name)
    details.push(detail)
  }
  return { keys, names, details }
}

/** Shortcuts that stand for one thing (j, ↓) are one action. */
function actions(): Entries {
  const list = new Map<string, Entry>()
  for (const { keys, about } of bindings()) if (!list.has(about) && !/^g /.test(keys)) list.set(about, [`keys ${keys}`, about, keys])
  for (const { keys, about } of bindings()) if (!list.has(about)) list.set(about, [`keys ${keys}`, about, keys])
  const themes = (['dark', 'light', 'system'] as const).map((theme): Entry => [`theme ${theme}`, `Theme: ${theme}`, 'colours'])
  return entriesOf([...list.values(), ...themes])
}

const runEntry = ({ id, name }: RunRow): Entry => [id, name?.value ?? id, name === undefined ? '' : id]
const agentEntry = ({ id, name, role }: AgentRow): Entry => [id, name?.value ?? id, name === undefined ? (role?.value ?? '') : id]
const taskEntry = ({ id, run, title, assignee }: TaskRow): Entry => [
  rowKey.task(run, id),
  title?.value ?? id,
  `${title === undefined ? '' : `${id} `}${assignee?.value ?? ''} ${run ?? ''}`,
]

/** Of the page's rows and of the shown run's, which has its ended ones. */
function* both<T extends 'agents' | 'runs' | 'tasks', E>(table: T, make: (row: never) => E, keyOf: (entry: E) => string): Generator<E> {
  const seen = new Set<string>()
  const stores: readonly (LiveStore | undefined)[] = [useShown.getState().store, useShownRun.getState().store]
  for (const store of stores)
    for (const row of store?.all(table) ?? []) {
      const entry = make(row as never)
      if (seen.has(keyOf(entry))) continue
      seen.add(keyOf(entry))
      yield entry
    }
}

function counted(names: Iterable<string>, what: string): Entries {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return entriesOf(Array.from(counts, ([name, count]): Entry => [name, name, `${what} ${count}`]))
}

function models(): Entries {
  const { store } = useShown.getState()
  return counted(
    store.all('agents').flatMap(({ model }) => model?.value ?? []),
    'agents:',
  )
}

function tools(): Entries {
  const ofRun = useShownRun.getState().store
  const calls = [...useShown.getState().store.all('calls'), ...(ofRun?.all('calls') ?? [])]
  return counted(
    calls.flatMap(({ kind, name }) => (kind === 'tool' ? name : [])),
    'calls shown:',
  )
}

const keyOf = ([key]: Entry) => key

/** Tables that a kind is made from; another version of one of them makes other entries. */
const tablesOf: Partial<Record<Kind, readonly Table[]>> = {
  run: ['runs'],
  agent: ['agents'],
  task: ['tasks'],
  model: ['agents'],
  tool: ['calls'],
}
const numbers = new WeakMap<LiveStore, number>()
let stores = 0
function numberOf(store: LiveStore): number {
  const held = numbers.get(store)
  if (held !== undefined) return held
  stores += 1
  numbers.set(store, stores)
  return stores
}

/** Changes when the kind's entries may have. */
export function stampOf(kind: Kind): string {
  const tables = tablesOf[kind] ?? []
  return [useShown.getState().store, useShownRun.getState().store]
    .flatMap((store) => (store === undefined ? [] : [`${numberOf(store)}:${tables.map((table) => store.version(table)).join()}`]))
    .join(' ')
}

export const makers: Record<Kind, () => Entries> = {
  screen: () => entriesOf(screens.map(({ to, name, about, key }): Entry => [to, name, `${about} g ${key}`])),
  action: actions,
  view: () => entriesOf(useKept.getState().views.map(({ id, name, screen }): Entry => [id, name, screen])),
  run: () => entriesOf(both('runs', runEntry, keyOf)),
  agent: () => entriesOf(both('agents', agentEntry, keyOf)),
  task: () => entriesOf(both('tasks', taskEntry, keyOf)),
  model: models,
  tool: tools,
}
