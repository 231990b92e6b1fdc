import type { TaskRow } from '@signalbox/model/rows.ts'
import { useParams } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { shownNow, useNow } from '../../live/live.ts'
import { Toggle } from '../../parts/controls.tsx'
import { useSearch } from '../../search.ts'
import { arranged, parseNames, unfolded, writeNames } from './arrange.ts'
import { withOlder } from './calls.ts'
import { Controls, Legend, WindowText, windowText } from './controls.tsx'
import { extentOf, heardAtOf } from './extent.ts'
import { Header } from './header.tsx'
import { Lanes } from './lanes.tsx'
import { createLayout, type Lane } from './layout.ts'
import { revealLane } from './names.tsx'
import { NotDrawn } from './not-drawn.tsx'
import { useOlderCalls } from './older-calls.ts'
import { Opened, type OpenedRun, useMembers, useTitle } from './opened.tsx'
import { placeLanes } from './place.ts'
import { spendOf } from './task-list.ts'
import { Tasks } from './tasks.tsx'
import { asItIs, drawnExtent, drawnLanes, drawnView, gapsOf, realWindow, timeMap } from './time-map.ts'
import { useView } from './view.ts'
import { around, type Window } from './window.ts'

export function Run() {
  const { run: id } = useParams({ from: '/runs/$run' })
  // Another run is another page: nothing of the window or the selection's place is carried over.
  return (
    <Opened key={id} id={id}>
      {(opened) => <Shown {...opened} />}
    </Opened>
  )
}

function Shown({ run, rows, paused, toggle }: OpenedRun) {
  const { tasks, edges, ready } = rows
  const [again, setAgain] = useState(0)
  const older = useOlderCalls(run, rows.calls, ready, again)
  const calls = useMemo(() => withOlder(rows.calls, older.calls), [older.calls, rows.calls])
  const members = useMembers(run, rows)
  const layOut = useMemo(createLayout, [])
  const swimlanes = useMemo(() => layOut(members, tasks, calls, edges), [layOut, members, tasks, calls, edges])
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

  const [{ gaps, pin, fold, sel }, setSearch] = useSearch()
  const map = useMemo(() => (gaps ? timeMap(gapsOf(swimlanes)) : asItIs), [gaps, swimlanes])
  const all = useMemo(() => drawnLanes(swimlanes, map), [swimlanes, map])
  const drawn = useMemo(() => arranged(all, parseNames(pin), parseNames(fold)), [all, pin, fold])
  const places = useMemo(() => placeLanes(drawn.lanes), [drawn])
  useUnfolded(swimlanes.lanes, sel)
  const drawnExtentAt = useCallback((at: number) => drawnExtent(extentAt(map.back(at)), map), [extentAt, map])
  const drawnClock = useCallback(() => map.to(clock()), [clock, map])
  const realView = useView()
  const view = useMemo(() => drawnView(realView, map), [realView, map])
  useBindings([{ keys: 'i', about: 'Draw time in which nothing happens short', run: () => setSearch({ gaps: !gaps }) }])
  const [following, setFollowing] = useState(view.following())
  const write = useRef<(text: string) => void>(() => {})
  const told = useCallback((next: (text: string) => void) => {
    write.current = next
  }, [])
  const onFrame = useCallback(
    (window: Window, follows: boolean) => {
      write.current(windowText(realWindow(window, map)))
      setFollowing(follows)
    },
    [map],
  )
  const show = (task: TaskRow) => {
    const extent = extentAt(clock())
    realView.move(around(task.openedAt, task.endedAt ?? extent.end, extent))
    revealLane(task.assignee?.value ?? task.createdBy ?? '')
  }
  const title = useTitle(run)
  return (
    <section aria-label={`Run ${title}`} className="flex min-w-0 flex-1 flex-col">
      <Header run={run} contradicted={contradicted} now={now} quiet={run.state === 'running' && !live}>
        <Controls view={view} extentAt={drawnExtentAt} clock={drawnClock} following={following} live={live} />
        <Toggle on={gaps} press={() => setSearch({ gaps: !gaps })}>
          short gaps (i)
        </Toggle>
        <Toggle on={paused} press={toggle}>
          {paused ? 'resume (space)' : 'pause'}
        </Toggle>
      </Header>
      <div className="flex items-center gap-4 border-b border-line px-4 py-1 max-md:px-3">
        <Legend />
        <span className="ml-auto" />
        <WindowText told={told} />
      </div>
      {ready && !older.reading && <NotDrawn run={run} drawn={calls.length} problem={older.problem} read={() => setAgain(again + 1)} />}
      {swimlanes.lanes.length === 0 ? (
        <p className="flex-1 p-8 text-soft">No agent has been seen in this run. Events with this run and an agent open a lane.</p>
      ) : (
        <Lanes
          swimlanes={drawn}
          all={all}
          places={places}
          view={view}
          extentAt={drawnExtentAt}
          clock={drawnClock}
          onFrame={onFrame}
          map={map}
        />
      )}
      <Tasks tasks={tasks} names={names} spends={spends} stoppedAt={live ? pausedAt : end} show={show} />
    </section>
  )
}

/** What gets selected is shown, as soon as it is there; its lane may be collapsed again then. */
function useUnfolded(lanes: readonly Lane[], sel: string): void {
  const [{ pin, fold }, setSearch] = useSearch()
  const shown = useRef('')
  useEffect(() => {
    if (shown.current === sel) return
    const folds = parseNames(fold)
    const next = sel === '' ? folds : unfolded(lanes, folds, parseNames(pin), sel)
    if (next === undefined) return
    shown.current = sel
    if (next !== folds) setSearch({ fold: writeNames(next) })
  }, [lanes, sel, pin, fold, setSearch])
}
