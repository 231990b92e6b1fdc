import { memo } from 'react'
import { useNow } from '../../live/live.ts'
import { Spark } from '../../parts/spark.tsx'
import { agentLook, Badge } from '../../parts/status.tsx'
import { shownRates } from '../../rates/live.ts'
import { compact, dollars, visible } from '../../text.ts'
import { doing, tokensOf } from './agent.ts'
import { isSortable, nextSorting, type Sorting } from './sort.ts'
import { type AgentProps, LastEvent, Pick, Role } from './tile.tsx'
import { useAgent } from './use-agent.ts'

export const rowHeight = 34

/** The page places the rows itself, which a <table> does not allow: its roles, by hand. */
export const roles = {
  row: { role: 'row' },
  cell: { role: 'cell' },
  columnheader: (sort: 'none' | 'ascending' | 'descending' | undefined) => ({ role: 'columnheader', 'aria-sort': sort }),
}

export const headHeight = 32
const grid =
  'grid gap-3 grid-cols-[minmax(0,1fr)_84px_64px_84px] @3xl:grid-cols-[minmax(0,2fr)_76px_84px_minmax(0,2fr)_60px_56px_64px_56px_76px] @6xl:grid-cols-[minmax(0,2fr)_76px_84px_minmax(0,2fr)_64px_64px_64px_52px_60px_68px_52px_76px]'
const columns = [
  'agent',
  'role',
  'status',
  'doing',
  'activity',
  'tok/min',
  '$/h',
  'err/5m',
  'tokens',
  'cost',
  'errors',
  'last event',
] as const
type Column = (typeof columns)[number]
/** Where there is little room some columns give way: on a narrow screen, and beside an opened agent. */
const narrow: readonly Column[] = ['agent', 'status', 'tokens', 'last event']
const wide: readonly Column[] = ['err/5m', 'cost', 'errors']
const texts: readonly Column[] = ['agent', 'role', 'status', 'doing', 'activity']
const place = (column: Column) =>
  `${texts.includes(column) ? '' : 'text-right tabular-nums'} ${narrow.includes(column) ? '' : '@max-3xl:hidden'} ${wide.includes(column) ? '@max-6xl:hidden' : ''}`

export function TableHead({ sorting, sort }: { readonly sorting: Sorting | undefined; readonly sort: (by: string) => void }) {
  return (
    <div
      {...roles.row}
      className={`${grid} sticky top-0 z-10 h-8 items-center border-b border-line bg-page px-2 text-xs font-medium text-faint`}
    >
      {columns.map((column) => {
        const direction = sorting?.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'
        return (
          <span key={column} {...roles.columnheader(isSortable(column) ? direction : undefined)} className={place(column)}>
            {isSortable(column) ? (
              <button
                type="button"
                onClick={() => sort(nextSorting(column, sorting))}
                className={`whitespace-nowrap first-letter:uppercase hover:text-ink ${direction === 'none' ? '' : 'text-ink'}`}
              >
                {column}
                <span aria-hidden="true">{{ none: '', ascending: ' ↑', descending: ' ↓' }[direction]}</span>
              </button>
            ) : (
              <span className="inline-block first-letter:uppercase">{column}</span>
            )}
          </span>
        )
      })}
    </div>
  )
}

const none = (key: string) => (
  <span key={key} className="text-faint">
    –
  </span>
)
const errors = (key: string, count: number | undefined) =>
  count === undefined || count === 0 ? (
    none(key)
  ) : (
    <span key={key} className="text-bad">
      ✕ {compact(count)}
    </span>
  )

export const TableRow = memo(function TableRow({ id, selected, select }: AgentProps) {
  const { agent, title } = useAgent(id)
  const now = useNow()
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const { text } = doing(agent, title, now)
  const rate = shownRates()?.of(id)
  const cells = [
    <Pick key="agent" agent={agent} words={look.words} selected={selected} select={select} />,
    <Role key="role" role={agent.role?.value} />,
    <Badge key="status" look={look} />,
    <span key="doing" className="block truncate text-xs text-soft" title={visible(text)}>
      {visible(text)}
    </span>,
    <Spark key="activity" id={id} width={60} height={16} className="block" />,
    rate === undefined ? none('tok/min') : compact(rate.tokensPerMinute),
    rate === undefined ? none('$/h') : dollars(rate.costMicrosPerHour),
    errors('err/5m', rate?.errors),
    compact(tokensOf(agent)),
    dollars(agent.totals.costMicros),
    errors('errors', agent.totals.errors),
    <LastEvent key="age" agent={agent} now={now} />,
  ]
  return (
    <div
      {...roles.row}
      className={`relative h-[33px] w-full ${grid} items-center border-b border-line/60 px-2 hover:bg-raised ${selected ? 'bg-accent/10' : ''}`}
    >
      {columns.map((column, at) => (
        <span key={column} {...roles.cell} className={`min-w-0 ${place(column)}`}>
          {cells[at]}
        </span>
      ))}
    </div>
  )
})
