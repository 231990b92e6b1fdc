import { type Table, tables } from '@signalbox/model/rows.ts'
import type { ReactNode } from 'react'
import { useTruncated } from '../live/live.ts'
import type { LiveStore } from '../live/store.ts'
import { whole } from '../text.ts'

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

interface MoreThanShownProps {
  /** Of a run's own rows. */
  readonly ofRun?: LiveStore
  /** Runs that the page read besides what it was given, when there are still more. */
  readonly older?: number
  /** What it read to the end. */
  readonly all?: Table | undefined
  /** What can be done about it. */
  readonly children?: ReactNode
}

/** Says what the page has only in part: the server gave what changed last. */
export function MoreThanShown({ ofRun, older = 0, all, children }: MoreThanShownProps) {
  const truncated = useTruncated(ofRun)
  if (truncated.length === 0) return null
  const words = ofRun === undefined ? wordsOfFleet : wordsOfRun
  const what = tables.filter((table) => truncated.includes(table) && table !== all).map((table) => words[table])
  const shown = older === 0 ? 'these changed last' : `those that changed last and ${whole(older)} older ${older === 1 ? 'run' : 'runs'}`
  return (
    <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1 border-b border-line px-4 py-1 text-xs text-wait max-md:px-3">
      {what.length > 0 && (
        <p role="status">
          There are more {list.format(what)} than are shown: {shown}.
        </p>
      )}
      {children}
    </div>
  )
}
