/** One run's rows for the page of one of its views, or in words why there are none. */
import type { AgentRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import { useAway } from '../../live/connection.ts'
import { useFrozen } from '../../live/live.ts'
import { type RunRows, useRunRows, useRunStore } from '../../live/run.ts'
import { usePause } from '../../pause.ts'
import { visible } from '../../text.ts'

export interface OpenedRun {
  readonly run: RunRow
  readonly rows: RunRows
  readonly paused: boolean
  readonly toggle: () => void
}

export function Opened({ id, children }: { readonly id: string; readonly children: (opened: OpenedRun) => ReactNode }) {
  const { store, refused } = useRunStore(id)
  const { paused, toggle } = usePause()
  useFrozen(paused, store)
  const rows = useRunRows(store)
  const [run] = rows.runs
  const away = useAway()
  if (run !== undefined) return children({ run, rows, paused, toggle })
  if (refused !== undefined)
    return (
      <Notice head="This run cannot be shown">
        The server refuses it: {visible(refused.message)} ({refused.code})
      </Notice>
    )
  if (rows.ready)
    return (
      <Notice head={`No run “${visible(id)}” is known here`}>
        It may not have begun: this page is live, and shows it with its first event. Its name may be mistyped, or it left with the
        retention. See{' '}
        <Link to="/runs" className="text-accent underline">
          all runs
        </Link>
        .
      </Notice>
    )
  if (away) return <Notice head="The server does not answer">The page keeps trying and shows the run as soon as it is back.</Notice>
  return <Loading />
}

function Notice({ head, children }: { readonly head: string; readonly children: ReactNode }) {
  return (
    <section aria-label="Run" className="mx-auto mt-20 max-w-xl flex-1 px-6">
      <h2 className="break-words text-xl font-semibold">{head}</h2>
      <p className="mt-2 text-soft">{children}</p>
    </section>
  )
}

function Loading() {
  return (
    <section aria-label="Run" aria-busy="true" className="flex-1 space-y-3 p-4">
      <p className="text-soft">Loading the run …</p>
      {[0, 1, 2, 3, 4].map((i) => (
        <div key={i} className="breathe h-7 rounded-md bg-raised" style={{ width: `${90 - i * 12}%` }} />
      ))}
    </section>
  )
}

/** Who works in the run, gave or was given something in it. */
function membersOf(run: RunRow, agents: readonly AgentRow[], edges: readonly EdgeRow[], tasks: readonly TaskRow[]): readonly AgentRow[] {
  const members = new Set(run.agents)
  for (const { from, to } of edges) members.add(from).add(to)
  for (const { assignee } of tasks) if (assignee !== undefined) members.add(assignee.value)
  return agents.filter(({ id }) => members.has(id))
}

/** The fleet's other agents come and go: the list is another only when one of the run's own is. */
export function useMembers(run: RunRow, { agents, edges, tasks }: RunRows): readonly AgentRow[] {
  const list = useMemo(() => membersOf(run, agents, edges, tasks), [run, agents, edges, tasks])
  const held = useRef(list)
  if (list.length !== held.current.length || list.some((item, i) => item !== held.current[i])) held.current = list
  return held.current
}

export function useTitle(run: RunRow): string {
  const title = visible(run.name?.value ?? run.id)
  useEffect(() => {
    document.title = `${title} · Signalbox`
    return () => {
      document.title = 'Signalbox'
    }
  }, [title])
  return title
}
