import { useParams } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { shownNow, useNow } from '../../live/live.ts'
import { Toggle } from '../../parts/controls.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { useSearch } from '../../search.ts'
import { visible, whole } from '../../text.ts'
import { extentOf, heardAtOf } from '../lanes/extent.ts'
import { Header } from '../lanes/header.tsx'
import { Opened, type OpenedRun, useMembers, useTitle } from '../lanes/opened.tsx'
import { Bar, Legend, Modes, Press } from './bar.tsx'
import type { Hit } from './curve.ts'
import { chosenIn, circlePairs, findingsOf, type Lit, litBy, marksOf, standInOf } from './findings.ts'
import { ceilings, fold, parseFold, writeFold } from './fold.ts'
import { type Graph as Drawn, type GraphEdge, type GraphNode, graphOf, modes, parseMode } from './model.ts'
import { Picture } from './picture.tsx'
import { usePlaces } from './placed.ts'
import { createRates } from './rates.ts'
import { dealingsOf, sentenceOf } from './sentence.ts'
import { useSlowly } from './slowly.ts'
import { createStage } from './stage.ts'
import { EdgeTable } from './table.tsx'

/** The graph is made anew this often at most, a large one more seldom. */
const renewMs = (rows: number): number => Math.max(250, rows / 4)
/** What cannot be laid out in time is gathered until this few nodes are left. */
const leastCeiling = 40
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

export function Graph() {
  const { run: id } = useParams({ from: '/runs/$run/graph' })
  return (
    <Opened key={id} id={id}>
      {(opened) => <Shown {...opened} />}
    </Opened>
  )
}

function Shown({ run: newest, rows: all, paused, toggle }: OpenedRun) {
  const [search, setSearch] = useSearch()
  const members = useMembers(newest, all)
  const { tasks, edges } = all
  const rows = useSlowly(
    useMemo(() => ({ run: newest, agents: members, tasks, edges }), [newest, members, tasks, edges]),
    renewMs(members.length + tasks.length + edges.length),
  )
  const { run } = rows
  const mode = parseMode(search.mode)
  const whole = useMemo(() => graphOf(mode, rows), [mode, rows])
  const [most, setMost] = useState<{ readonly nodes: number; readonly edges: number }>(ceilings)
  const chosen = useMemo(() => new Set(parseFold(search.fold)), [search.fold])
  const folded = useMemo(() => fold(whole, chosen, most), [whole, chosen, most])
  const { graph } = folded
  const standIn = useMemo(() => standInOf(whole, folded), [whole, folded])

  const ticking = useNow()
  const pausedAt = useMemo(() => (paused ? shownNow() : undefined), [paused])
  const now = pausedAt ?? ticking
  const clock = useCallback(() => pausedAt ?? shownNow(), [pausedAt])
  const { live, end } = extentOf(run, heardAtOf(run, rows.agents), { begin: 0, end: 0 }, now)
  const pathUntil = search.mark === 'path' ? end : undefined
  const findings = useMemo(() => findingsOf(rows, pathUntil), [rows, pathUntil])

  const [rates] = useState(createRates)
  const uses = useMemo(() => rates.note(graph.edges, performance.now()), [rates, graph])
  const [stage] = useState(() => createStage(() => performance.now()))
  const [tidied, setTidied] = useState(0)
  const wish = `${mode} ${search.fold} ${most.nodes} ${tidied}`
  const placing = usePlaces({ graph, stage, wish, calm })
  // What took too long is gathered, and tried again, until it is small.
  useEffect(() => {
    if (placing === 'late' && graph.nodes.length > leastCeiling)
      setMost({ nodes: Math.max(leastCeiling, Math.floor(graph.nodes.length / 3)), edges: ceilings.edges })
  }, [placing, graph.nodes.length])

  const names = useMemo(() => new Map([...whole.nodes, ...graph.nodes].map(({ id, label }) => [id, label])), [whole, graph])
  const nameOf = useCallback((node: string) => names.get(node) ?? visible(node.replace(/^\w+:/, '')), [names])
  const lit = useMemo(
    () => both(litBy(search.mark, findings, graph, standIn), narrowed(graph, search.q, search.errors)),
    [search.mark, search.q, search.errors, findings, graph, standIn],
  )
  const selected = useMemo(() => chosenIn(graph, search.sel, rows.tasks, standIn), [graph, search.sel, rows.tasks, standIn])
  const marks = useMemo(() => marksOf(findings, graph, standIn), [findings, graph, standIn])
  const circles = useMemo(() => circlePairs(findings, standIn), [findings, standIn])

  const [reached, setReached] = useState('')
  const present = (node: string | undefined) => node !== undefined && names.has(node) && graph.nodes.some(({ id }) => id === node)
  const current = [reached, ...selected, graph.nodes[0]?.id].find(present) ?? ''
  const setMode = (next: string) => {
    setMost(ceilings)
    setSearch({ mode: next === 'agents' ? '' : next, fold: '' })
  }
  const foldName = (name: string) =>
    setSearch({ fold: writeFold(chosen.has(name) ? [...chosen].filter((one) => one !== name) : [...chosen, name]) })
  const pressEdge = ({ task }: GraphEdge) => {
    const sel = task === undefined ? '' : `task:${task}`
    setSearch({ sel: sel === search.sel ? '' : sel })
  }
  const press = (hit: Hit | undefined) => {
    if (hit === undefined) return setSearch({ sel: '' })
    if ('edge' in hit) return pressEdge(hit.edge)
    const { id } = hit.node
    setReached(id)
    const name = folded.folds.get(id)
    if (name !== undefined) return foldName(name)
    // A role or team has no place of its own to look at: its agents have.
    if (id.startsWith('group:')) return setSearch({ mode: '', q: id.replace(/^group:\w+:/, '') })
    setSearch({ sel: id === search.sel ? '' : id })
  }
  const collapse = () => {
    const name = folded.folds.get(current) ?? (folded.foldable.has(current) ? current : undefined)
    if (name !== undefined) foldName(name)
  }
  const filter = useRef<HTMLInputElement>(null)
  const isTable = search.view === 'table'
  useBindings([
    {
      keys: 'm',
      about: `Next kind of nodes: ${modes.join(', ')}`,
      run: () => setMode(modes[(modes.indexOf(mode) + 1) % modes.length] ?? 'agents'),
    },
    { keys: 'c', about: 'Show the critical path', run: () => setSearch({ mark: search.mark === 'path' ? '' : 'path' }) },
    { keys: 'v', about: 'Picture or table', run: () => setSearch({ view: isTable ? 'grid' : 'table' }) },
    { keys: 'e', about: 'Collapse or expand what is under the node', run: collapse },
    { keys: 'r', about: 'Lay out anew', run: () => setTidied(tidied + 1) },
    { keys: '/', about: 'Find nodes', run: () => filter.current?.focus() },
    { keys: 'x', about: 'Only what went wrong', run: () => setSearch({ errors: !search.errors }) },
  ])
  const title = useTitle(run)
  const contradicted = useMemo(() => rows.tasks.filter((task) => task.contradicted > 0).length, [rows.tasks])
  const dealings = useMemo(() => dealingsOf(graph), [graph])
  const about = useCallback(
    (node: GraphNode) => sentenceOf(node, dealings.get(node.id), marks, folded.folds.has(node.id)),
    [dealings, marks, folded.folds],
  )
  return (
    <section aria-label={`Graph of ${title}`} className="flex min-w-0 flex-1 flex-col">
      <Header run={run} contradicted={contradicted} now={now} quiet={run.state === 'running' && !live}>
        <Modes mode={mode} choose={setMode} />
        <Toggle on={paused} press={toggle}>
          {paused ? 'resume (space)' : 'pause'}
        </Toggle>
      </Header>
      <Bar
        findings={findings}
        people={graph.nodes.reduce((sum, { asksPerson }) => sum + Number(asksPerson), 0)}
        mark={search.mark}
        setMark={(mark) => setSearch({ mark })}
        nameOf={nameOf}
      >
        <Legend />
        <FilterBox box={filter} name="Find nodes" hint="Find" look="w-36 bg-page py-0.5 max-md:min-w-0 max-md:flex-1 max-md:py-1" />
        <Press name="Fit" keys="f" press={() => stage.fit(!calm())} />
        <Press name="Lay out" keys="r" press={() => setTidied(tidied + 1)} />
        <Press name={isTable ? 'Picture' : 'Table'} keys="v" press={() => setSearch({ view: isTable ? 'grid' : 'table' })} />
      </Bar>
      <Said
        graph={graph}
        because={folded.because}
        placing={placing}
        late={most !== ceilings}
        matches={search.q === '' ? undefined : lit?.nodes.size}
      />
      {whole.nodes.length === 0 ? (
        <p className="flex-1 p-8 text-soft">
          {mode === 'tasks'
            ? 'No task is known in this run. An event task.created or task.assigned with this run opens one.'
            : 'No agent has been seen in this run. Events with this run and an agent open a node.'}
        </p>
      ) : isTable ? (
        <EdgeTable edges={graph.edges} now={now} uses={uses} nameOf={nameOf} selected={selected} press={pressEdge} />
      ) : (
        <Picture
          graph={graph}
          stage={stage}
          lit={lit}
          about={about}
          press={press}
          current={current}
          reachNode={setReached}
          nameOf={nameOf}
          clock={clock}
          circles={circles}
          marks={marks}
          uses={uses}
          selected={selected}
        />
      )}
    </section>
  )
}

interface SaidProps {
  readonly graph: Drawn
  readonly because: number | undefined
  readonly placing: 'placing' | 'placed' | 'late'
  readonly late: boolean
  readonly matches: number | undefined
}

/** What the picture leaves out, and why. */
function Said({ graph, because, placing, late, matches }: SaidProps) {
  const groups = graph.nodes.filter(({ id }) => id.startsWith('group:')).length
  const why = late
    ? 'laying them out one by one took too long'
    : `more than ${whole(ceilings.nodes)} nodes or ${whole(ceilings.edges)} edges are not laid out one by one`
  const lines = [
    ...(because === undefined
      ? []
      : [
          `${whole(because)} nodes are drawn as ${whole(graph.nodes.length)}, ${whole(groups)} of them groups: ${why}. Press a group to open it.`,
        ]),
    ...(placing === 'late' ? ['The layout was not there in time: the nodes stand in rows.'] : []),
    ...(matches === undefined ? [] : [`${whole(matches)} of ${whole(graph.nodes.length)} nodes match.`]),
  ]
  return (
    <p role="status" className={lines.length === 0 ? 'sr-only' : 'border-b border-line px-4 py-1 text-xs text-wait'}>
      {lines.join(' ')}
    </p>
  )
}

function narrowed(graph: Drawn, q: string, errors: boolean): Lit | undefined {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !errors) return undefined
  const nodes = new Set(
    graph.nodes.flatMap(({ id, label, detail, kin, look, tasks }) => {
      const text = `${label} ${detail} ${kin} ${look.words}`.toLowerCase()
      const isTrouble = look.tone === 'bad' || tasks.failed > 0
      return words.every((word) => text.includes(word)) && (!errors || isTrouble) ? [id] : []
    }),
  )
  return { nodes, pairs: new Set(graph.edges.flatMap(({ from, to }) => (nodes.has(from) && nodes.has(to) ? [`${from}\u001f${to}`] : []))) }
}

function both(a: Lit | undefined, b: Lit | undefined): Lit | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return { nodes: a.nodes.intersection(b.nodes), pairs: a.pairs.intersection(b.pairs) }
}
