import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { shownNow, useNow } from '../../live/live.ts'
import { useSliced } from '../../live/sliced.ts'
import { Toggle } from '../../parts/controls.tsx'
import { NoMatches } from '../../parts/empty.tsx'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { visible, whole } from '../../text.ts'
import { withOlder } from '../lanes/calls.ts'
import { windowText } from '../lanes/controls.tsx'
import { quietAfterMs } from '../lanes/extent.ts'
import { Header } from '../lanes/header.tsx'
import { useOlderCalls } from '../lanes/older-calls.ts'
import type { OpenedRun } from '../lanes/opened.tsx'
import { useView } from '../lanes/view.ts'
import { around, type Extent, fitted, panned, type Window, zoomed } from '../lanes/window.ts'
import { endAt, stoppedIn } from './bars.ts'
import { criticalPath } from './critical.ts'
import { Export } from './exporting.tsx'
import { Grid } from './grid.tsx'
import type { Line } from './lines.ts'
import { Missing, mostCalls } from './missing.tsx'
import { Toolbar } from './toolbar.tsx'
import { createTree, parseMode } from './tree.ts'
import { useLines } from './use-lines.ts'

const zoomStep = 0.7
const panStep = 0.2

export function Shown({ run, rows, paused, toggle }: OpenedRun) {
  const [search, setSearch] = useSearch()
  const [again, setAgain] = useState(0)
  const older = useOlderCalls(run, rows.calls, rows.ready, again, mostCalls)
  const calls = useMemo(() => withOlder(rows.calls, older.calls), [older.calls, rows.calls])
  const asked = parseMode(search.mode)
  const tree = useMemo(createTree, [])
  const make = useCallback(
    function* () {
      const root = yield* tree({ run, agents: rows.agents, tasks: rows.tasks, calls }, asked)
      yield
      return { root, mode: asked, critical: asked === 'time' ? none : criticalPath(root) }
    },
    [tree, run, rows.agents, rows.tasks, calls, asked],
  )
  const { root, mode, critical } = useSliced(make)
  const made = useLines(root)
  const { shown: held, hover, release } = useStill(made.lines, `${made.arrangement} ${made.openness} ${mode}`)
  const patch = useMemo(() => createPatch(held), [held])
  const lines = useMemo(() => patch(made.lines), [patch, made.lines])
  const waiting = Math.max(0, made.lines.length - lines.length)
  const active = lines === made.lines ? made.active : lines.findIndex(({ node }) => node.id === made.lines[made.active]?.node.id)

  const pausedAt = useMemo(() => (paused ? shownNow() : undefined), [paused])
  const clock = useCallback(() => pausedAt ?? shownNow(), [pausedAt])
  const ticking = useNow()
  const now = pausedAt ?? ticking
  const heardAt = useMemo(
    () => rows.agents.reduce((at, agent) => (agent.run?.value === run.id ? Math.max(at, agent.lastSeenAt) : at), run.lastEventAt),
    [run, rows.agents],
  )
  const live = run.state === 'running' && now - heardAt < quietAfterMs
  const stoppedAt = useMemo(() => stoppedIn(run, rows.agents, live ? undefined : heardAt), [run, rows.agents, live, heardAt])
  const names = useMemo(() => new Map(rows.agents.map(({ id, name }) => [id, name?.value ?? id])), [rows.agents])
  const name = useCallback((agent: string) => names.get(agent) ?? agent, [names])
  const { begin, end } = root
  const extentAt = useCallback(
    (at: number): Extent => ({
      begin: Math.min(run.startedAt, begin),
      end: Math.max(run.lastEventAt, end ?? 0, live ? at : 0),
      live,
    }),
    [run, begin, end, live],
  )

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
  const change = (to: (window: Window, extent: Extent) => Window | undefined) => () => {
    const extent = extentAt(clock())
    view.move(to(view.window(extent), extent))
  }
  const zoom = {
    closer: change((window, extent) => zoomed(window, zoomStep, 0.5, extent)),
    wider: change((window, extent) => zoomed(window, 1 / zoomStep, 0.5, extent)),
    fit: change((_, extent) => fitted(extent)),
  }
  const show = () => {
    const node = lines[active]?.node
    if (node === undefined || !Number.isFinite(node.begin)) return
    view.move(around(node.begin, endAt(node, node.end, stoppedAt, clock()), extentAt(clock())))
  }
  const follow = change(() => undefined)

  const filter = useRef<HTMLInputElement>(null)
  const group = 'Tree'
  const time = 'Timeline'
  useBindings([
    { keys: 'j', group, about: 'Next row', run: () => made.go('next') },
    { keys: 'ArrowDown', group, about: 'Next row', run: () => made.go('next') },
    { keys: 'k', group, about: 'Row before', run: () => made.go('previous') },
    { keys: 'ArrowUp', group, about: 'Row before', run: () => made.go('previous') },
    { keys: 'ArrowRight', group, about: 'Open the row, or go into it', run: () => made.sideways(true) },
    { keys: 'ArrowLeft', group, about: 'Close the row, or go out of it', run: () => made.sideways(false) },
    { keys: 'p', group, about: 'To the row it is part of', run: () => made.go('parent') },
    { keys: 't', group, about: 'To the run itself', run: () => made.go('root') },
    { keys: 'Home', group, about: 'First row', run: () => made.go('first') },
    { keys: 'End', group, about: 'Last row', run: () => made.go('last') },
    { keys: 'e', group, about: 'Open all rows', run: () => made.level(9) },
    { keys: 'w', group, about: 'Close all rows', run: () => made.level(1) },
    ...levels.map((level) => ({ keys: String(level), group, about: 'Open so many levels', run: () => made.level(level) })),
    { keys: '/', group, about: 'Filter the tree', run: () => filter.current?.focus() },
    { keys: 'x', group, about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
    { keys: 'Enter', group: time, about: 'Show the selected row’s time', run: show },
    { keys: 'i', group: time, about: 'Closer', run: zoom.closer },
    { keys: 'o', group: time, about: 'Wider', run: zoom.wider },
    { keys: 'a', group: time, about: 'Earlier', run: change((window, extent) => panned(window, -panStep, extent)) },
    { keys: 'd', group: time, about: 'Later', run: change((window, extent) => panned(window, panStep, extent)) },
    { keys: 'f', group: time, about: 'The whole run', run: zoom.fit },
    ...(live && search.at === undefined ? [{ keys: 'l', group: time, about: 'Follow live', run: follow }] : []),
  ])

  const title = visible(run.name?.value ?? run.id)
  useEffect(() => {
    document.title = `${title} · tree · Signalbox`
    return () => {
      document.title = 'Signalbox'
    }
  }, [title])
  const contradicted = useMemo(() => rows.tasks.filter((task) => task.contradicted > 0).length, [rows.tasks])
  return (
    <section aria-label={`Run ${title}`} className="flex min-w-0 flex-1 flex-col">
      <Header run={run} contradicted={contradicted} now={now} quiet={run.state === 'running' && !live}>
        <Toggle on={paused} press={toggle}>
          {paused ? 'resume (space)' : 'pause'}
        </Toggle>
      </Header>
      <Toolbar
        filter={filter}
        shown={lines.length}
        all={root.size + 1}
        matches={made.matches}
        level={made.level}
        zoom={zoom}
        follow={live && search.at === undefined ? { following, press: follow } : undefined}
        told={told}
      >
        <Export run={run} root={root} stoppedAt={stoppedAt} clock={clock} />
      </Toolbar>
      {rows.ready && <Missing run={run} held={calls.length} older={older} read={() => setAgain(again + 1)} />}
      {lines.length === 0 ? (
        <NoMatches
          all={root.size + 1}
          filters={[search.q !== '', search.errors].filter(Boolean).length}
          clear={() => setSearch({ q: '', errors: false })}
        />
      ) : (
        <div {...hover} className="relative flex min-h-0 flex-1 flex-col">
          {waiting > 0 && (
            <p className="absolute inset-x-0 top-10 z-20 mx-auto h-0 w-fit">
              <button
                type="button"
                onClick={release}
                className="rounded-full border border-accent bg-panel px-3 py-1 text-xs text-accent shadow-lg hover:bg-raised"
              >
                +{whole(waiting)} new
              </button>
            </p>
          )}
          <Grid
            lines={lines}
            sums={root.sums}
            arrangement={`${made.arrangement} ${mode}`}
            active={active}
            reveal={made.reveal}
            pick={made.pick}
            toggle={made.toggle}
            name={name}
            stoppedAt={stoppedAt}
            stopped={pausedAt}
            critical={critical}
            view={view}
            extentAt={extentAt}
            clock={clock}
            onFrame={onFrame}
          />
        </div>
      )}
    </section>
  )
}

const none: ReadonlySet<string> = new Set()
const levels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Rows that are held stay where they are; what stands in them is new all the same. */
function createPatch(held: readonly Line[]): (now: readonly Line[]) => readonly Line[] {
  let places: ReadonlyMap<string, number> | undefined
  return (now) => {
    if (held === now) return held
    places ??= new Map(held.map(({ node }, at) => [node.id, at]))
    const patched = [...held]
    for (const { node } of now) {
      const at = places.get(node.id)
      const line = at === undefined ? undefined : held[at]
      if (at !== undefined && line !== undefined && line.node !== node) patched[at] = { ...line, node }
    }
    return patched
  }
}
