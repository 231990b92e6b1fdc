import { callState } from '@signalbox/model/fold/call.ts'
import { isOrphaned } from '@signalbox/model/fold/task.ts'
import { memo } from 'react'
import { useNow, useRow } from '../../live/live.ts'
import { agentLook, inkOf, orphanedLook, taskLook } from '../../parts/status.tsx'
import { compact, dollars, spanOf, visible, whole } from '../../text.ts'
import { endAt, type StoppedAt } from './bars.ts'
import { type Column, type Layout, rowHeight } from './columns.ts'
import type { Line } from './lines.ts'
import { labelOf, type Node } from './node.ts'

/** The virtual list places the rows, which a <table> does not allow: its roles, by hand. */
export const roles = {
  grid: (rows: number) => ({ role: 'treegrid', 'aria-label': 'The run as a tree', 'aria-rowcount': rows + 1 }),
  group: { role: 'rowgroup' },
  headRow: { role: 'row', 'aria-rowindex': 1 },
  cell: { role: 'gridcell' },
  head: (sort: 'none' | 'ascending' | 'descending') => ({ role: 'columnheader', 'aria-sort': sort }),
}

interface Look {
  readonly sign: string
  readonly ink: string
  readonly words: string
}

const runLooks = {
  running: { sign: '▶', ink: 'text-busy', words: 'running' },
  finished: { sign: '✓', ink: 'text-good', words: 'finished' },
  failed: { sign: '✕', ink: 'text-bad', words: 'failed' },
} as const
const callInks = { open: 'text-busy', finished: '', failed: 'text-bad', orphaned: 'text-wait' } as const

function useLook(node: Node): Look {
  const agent = useRow('agents', node.kind === 'call' ? node.row.agent : node.kind === 'task' ? node.row.assignee?.value : undefined)
  const run = useRow('runs', node.kind === 'call' || node.kind === 'task' ? node.row.run : undefined)
  switch (node.kind) {
    case 'run':
      return { ...runLooks[node.row.state], words: `run, ${runLooks[node.row.state].words}` }
    case 'agent': {
      const look = agentLook(node.row?.status?.value)
      return { sign: look.sign, ink: inkOf(look.tone), words: `agent, ${look.words}` }
    }
    case 'task': {
      const look = isOrphaned(node.row, agent, run) ? orphanedLook : taskLook(node.row.state)
      return { sign: look.sign, ink: inkOf(look.tone), words: `task, ${look.words}` }
    }
    case 'call': {
      const state = callState(node.row, agent, run)
      const [kind, sign, ink] = node.row.kind === 'llm' ? ['model call', '◆', 'text-model'] : ['tool call', '▪', 'text-tool']
      return { sign: state === 'failed' ? '✕' : (sign ?? ''), ink: callInks[state] || (ink ?? ''), words: `${kind}, ${state}` }
    }
  }
}

/** Who is at it, where the row does not say so itself. */
const whoOf = (node: Node): string =>
  node.kind === 'call' ? (node.row.agent ?? '') : node.kind === 'task' ? (node.row.assignee?.value ?? '') : ''

const figure: Record<Exclude<Column['name'], 'time'>, (node: Node) => string> = {
  in: ({ sums }) => (sums.inputTokens === 0 ? '–' : compact(sums.inputTokens)),
  out: ({ sums }) => (sums.outputTokens === 0 ? '–' : compact(sums.outputTokens)),
  cached: ({ sums }) => (sums.cachedTokens === 0 ? '–' : compact(sums.cachedTokens)),
  cost: ({ sums }) => dollars(sums.costMicros),
  errors: ({ sums }) => (sums.errors === 0 ? '–' : compact(sums.errors)),
}
const exact: Record<Exclude<Column['name'], 'time'>, (node: Node) => string> = {
  in: ({ sums }) => `${whole(sums.inputTokens)} tokens in`,
  out: ({ sums }) => `${whole(sums.outputTokens)} tokens out`,
  cached: ({ sums }) => `${whole(sums.cachedTokens)} tokens from a cache`,
  cost: ({ sums }) => `$${(sums.costMicros / 1_000_000).toFixed(6)} of ${whole(sums.calls)} calls`,
  errors: ({ sums }) => `${whole(sums.errors)} failed calls`,
}

interface RowProps {
  readonly line: Line
  /** 1 is the first row below the heads. */
  readonly index: number
  readonly active: boolean
  readonly selected: boolean
  readonly critical: boolean
  readonly name: (agent: string) => string
  readonly stoppedAt: StoppedAt
  readonly stopped: number | undefined
  readonly layout: Layout
  readonly pick: (line: Line) => void
  readonly toggle: (line: Line) => void
}

export const Row = memo(function Row({
  line,
  index,
  active,
  selected,
  critical,
  name,
  stoppedAt,
  stopped,
  layout,
  pick,
  toggle,
}: RowProps) {
  const { node, depth, place, siblings, open, under } = line
  const look = useLook(node)
  const who = whoOf(node)
  const label = visible(labelOf(node))
  const tree = {
    role: 'row',
    'aria-level': depth + 1,
    'aria-posinset': place,
    'aria-setsize': siblings,
    'aria-rowindex': index + 1,
    'aria-selected': selected,
    ...(open === undefined ? {} : { 'aria-expanded': open }),
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: its role is spread, and the tree's keys are bound for the page
    <div
      {...tree}
      data-row={node.id}
      tabIndex={active ? 0 : -1}
      onClick={() => pick(line)}
      onDoubleClick={() => open !== undefined && toggle(line)}
      className={`grid cursor-default items-center border-b border-line/50 hover:bg-raised focus-visible:-outline-offset-2 ${selected ? 'bg-accent/10 shadow-[inset_2px_0_0_var(--accent)]' : ''}`}
      style={{ height: rowHeight, gridTemplateColumns: layout.template }}
    >
      <span {...roles.cell} className="flex min-w-0 items-center gap-1.5 pr-2" style={{ paddingLeft: 8 + Math.min(depth, 24) * 14 }}>
        <span
          aria-hidden="true"
          data-twist=""
          onClick={(event) => {
            if (open === undefined) return
            event.stopPropagation()
            toggle(line)
          }}
          className={`-m-1 w-5 shrink-0 p-1 text-center text-[10px] text-faint ${open === undefined ? '' : 'cursor-pointer hover:text-ink'}`}
        >
          {open === undefined ? '' : open ? '▾' : '▸'}
        </span>
        <span aria-hidden="true" className={`w-3 shrink-0 text-center text-[10px] ${look.ink}`}>
          {look.sign}
        </span>
        <span
          className={`truncate ${node.kind === 'call' ? '' : 'font-medium'} ${look.ink === 'text-bad' ? 'text-bad' : ''}`}
          title={label}
        >
          {label}
        </span>
        <span className="sr-only">, {look.words}</span>
        {who !== '' && who !== under && <span className="max-w-[35%] shrink-0 truncate text-xs text-faint">{visible(name(who))}</span>}
        {critical && <span className="sr-only">, on the critical path</span>}
        {open === false && node.troubles > 0 && (
          <span className="shrink-0 text-xs text-bad" title={`${whole(node.troubles)} failed or contradicted below`}>
            ✕ {compact(node.troubles)}
          </span>
        )}
        {open === false && <span className="shrink-0 text-xs tabular-nums text-faint">{compact(node.size)}</span>}
      </span>
      {layout.columns.map((column) =>
        column.name === 'time' ? (
          <Took key="time" node={node} stoppedAt={stoppedAt} stopped={stopped} />
        ) : (
          <span
            key={column.name}
            {...roles.cell}
            title={exact[column.name](node)}
            className={`truncate px-1.5 text-right text-xs tabular-nums ${column.name === 'errors' && node.sums.errors > 0 ? 'text-bad' : 'text-soft'}`}
          >
            {figure[column.name](node)}
          </span>
        ),
      )}
      {layout.timeline > 0 && <span {...roles.cell} />}
    </div>
  )
})

interface TookProps {
  readonly node: Node
  readonly stoppedAt: StoppedAt
  /** When the view was paused. */
  readonly stopped: number | undefined
}

function Took({ node, stoppedAt, stopped }: TookProps) {
  return node.end === undefined ? (
    <Ticking node={node} stoppedAt={stoppedAt} stopped={stopped} />
  ) : (
    <Time begin={node.begin} end={node.end} ink="text-soft" />
  )
}

/** Only rows of what is open are rendered by the clock. */
function Ticking({ node, stoppedAt, stopped }: TookProps) {
  const ticking = useNow()
  const left = stoppedAt(node)
  return (
    <Time
      begin={node.begin}
      end={endAt(node, undefined, stoppedAt, stopped ?? ticking)}
      ink={left === undefined ? 'text-busy' : 'text-wait'}
    />
  )
}

function Time({ begin, end, ink }: { readonly begin: number; readonly end: number; readonly ink: string }) {
  return (
    <span {...roles.cell} className={`truncate px-1.5 text-right text-xs tabular-nums ${ink}`}>
      {Number.isFinite(begin) ? spanOf(Math.max(0, end - begin)) : '–'}
    </span>
  )
}
