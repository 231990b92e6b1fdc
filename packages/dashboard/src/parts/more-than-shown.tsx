import { type Table, tables } from '@signalbox/model/rows.ts'
import { useTruncated } from '../live/live.ts'
import type { LiveStore } from '../live/store.ts'

type Words = Readonly<Record<Table, string>>
const wordsOfFleet: Words = {
  agents: 'agents',
  runs: 'runs',
  tasks: 'open tasks',
  calls: 'open calls',
  edges: 'exchanges between agents',
}
const wordsOfRun: Words = { ...wordsOfFleet, tasks: 'tasks', calls: 'calls' }

/** British: without a comma before the last. */
const list = new Intl.ListFormat('en-GB')

/** Says what the page has only in part: the server gave what changed last. `ofRun`: of a run's own rows. */
export function MoreThanShown({ ofRun }: { readonly ofRun?: LiveStore }) {
  const truncated = useTruncated(ofRun)
  if (truncated.length === 0) return null
  const words = ofRun === undefined ? wordsOfFleet : wordsOfRun
  const what = list.format(tables.filter((table) => truncated.includes(table)).map((table) => words[table]))
  return (
    <p role="status" className="border-b border-line px-4 py-1 text-xs text-wait max-md:px-3">
      There are more {what} than are shown: these changed last.
    </p>
  )
}
