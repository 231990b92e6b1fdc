import type { AgentRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useAway } from '../../live/connection.ts'
import { shownNow, useFrozen, useNow } from '../../live/live.ts'
import { type RunRows, useRunRows, useRunStore } from '../../live/run.ts'
import { Toggle } from '../../parts/controls.tsx'
import { usePause } from '../../pause.ts'
import { visible } from '../../text.ts'
import { withOlder } from './calls.ts'
import { Controls, Legend, WindowText, windowText } from './controls.tsx'
import { extentOf, heardAtOf } from './extent.ts'
import { Header } from './header.tsx'
import { Lanes } from './lanes.tsx'
import { layOut } from './layout.ts'
import { revealLane } from './names.tsx'
import { NotDrawn } from './not-drawn.tsx'
import { useOlderCalls } from './older-calls.ts'
import { placeLanes } from './place.ts'

import { spendOf } from './task-list.ts'
import { Tasks } from './tasks.tsx'
import { useView } from './view.ts'
import { around, type Window } from './window.ts'

export function Run() {
  const { run: id } = useParams({ from: '/runs/$run' })
  // Another run is another page: nothing of the window or the selection's place is carried over.
  return <RunPage key={id} id={id} />
}

function RunPage({ id }: { readonly id: string }) {
  const { store, refused } = useRunStore(id)
  const { paused, toggle } = usePause()
  useFrozen(paused, store)
  const rows = useRunRows(store)
  const [run] = rows.runs
  const away = useAway()
  if (run !== undefined) return <Shown run={run} rows={rows} paused={paused} toggle={toggle} />
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

/** The fleet's other agents come and go: the list is another only when one of its own is. */
function useSame<T>(list: readonly T[]): readonly T[] {
  const held = useRef(list)
  if (list.length !== held.current.length || list.some((item, i) => item !== held.current[i])) held.current = list
  return held.current
}

interface ShownProps {
  readonly run: RunRow
  readonly rows: RunRows
  readonly paused: boolean
  readonly toggle: () => void
}

function Shown({ run, rows, paused, toggle }: ShownProps) {
  const { agents, tasks, edges, ready } = rows
  const [again, setAgain] = useState(0)
  const older = useOlderCalls(run, rows.calls, ready, again)
  const calls = useMemo(() => withOlder(rows.calls, older.calls), [older.calls, rows.calls])
  const members = useSame(useMemo(() => membersOf(run, agents, edges, tasks), [run, agents, edges, tasks]))
  const swimlanes = useMemo(() => layOut(members, tasks, calls, edges), [members, tasks, calls, edges])
  const places = useMemo(() => placeLanes(swimlanes.lanes), [swimlanes])
  const heardAt = useMemo(() => heardAtOf(run, members), [run, members])
  const names = useMemo(() => new Map(members.map(({ id, name }) => [id, name?.value ?? id])), [members])
  const spends = useMemo(() => spendOf(calls), [calls])
  const contradicted = useMemo(() => tasks.filter((task) => task.contradicted > 0).length, [tasks])

  const pausedAt = useMemo(() => (paused ? shownNow() : undefined), [paused])
  const clock = useCallback(() => pausedAt ?? shownNow(), [pausedAt])
  const ticking = useNow()
  const now = pausedAt ?? ticking
  const extentAt = useCallback((at: number) => extentOf(run, heardAt, swimlanes, at), [run, heardAt, swimlanes])
  const { live, end } = extentAt(now)

  const view = useView()
  const [following, setFollowing] = useState(view.following())
  const write = useRef<(text: string) => void>(() => {})
  const told = useCallback((next: (text: string) => void) => {
    write.current = next
  }, [])
  const onFrame = useCallback((window: Window, follows: boolean) => {
    write.current(windowText(window))
    setFollowing(follows)
  }, [])
  const show = (task: TaskRow) => {
    const extent = extentAt(clock())
    view.move(around(task.openedAt, task.endedAt ?? extent.end, extent))
    revealLane(task.assignee?.value ?? task.createdBy ?? '')
  }
  const title = visible(run.name?.value ?? run.id)
  useEffect(() => {
    document.title = `${title} · Signalbox`
    return () => {
      document.title = 'Signalbox'
    }
  }, [title])
  return (
    <section aria-label={`Run ${title}`} className="flex min-w-0 flex-1 flex-col">
      <Header run={run} contradicted={contradicted} now={now} quiet={run.state === 'running' && !live}>
        <Controls view={view} extentAt={extentAt} clock={clock} following={following} live={live} />
        <Toggle on={paused} press={toggle}>
          {paused ? 'resume (space)' : 'pause'}
        </Toggle>
      </Header>
      <div className="flex items-center gap-4 border-b border-line px-4 py-1">
        <Legend />
        <span className="ml-auto" />
        <WindowText told={told} />
      </div>
      {ready && !older.reading && <NotDrawn run={run} drawn={calls.length} problem={older.problem} read={() => setAgain(again + 1)} />}
      {swimlanes.lanes.length === 0 ? (
        <p className="flex-1 p-8 text-soft">No agent has been seen in this run. Events with this run and an agent open a lane.</p>
      ) : (
        <Lanes swimlanes={swimlanes} places={places} view={view} extentAt={extentAt} clock={clock} onFrame={onFrame} />
      )}
      <Tasks tasks={tasks} names={names} spends={spends} stoppedAt={live ? pausedAt : end} show={show} />
    </section>
  )
}
