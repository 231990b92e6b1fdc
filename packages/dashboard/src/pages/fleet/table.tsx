import { agentLook, Badge } from '../../parts/status.tsx'
import { compact, dollars, visible } from '../../text.ts'
import { isSortable, nextSorting, type Sorting, tokensOf } from './order.ts'
import { doing, LastEvent, Pick, Role, useAgent } from './tile.tsx'

export const rowHeight = 34

/** The virtual list places the rows, which a <table> does not allow: its roles, by hand. */
export const roles = {
  row: { role: 'row' },
  cell: { role: 'cell' },
  columnheader: (sort: 'none' | 'ascending' | 'descending' | undefined) => ({ role: 'columnheader', 'aria-sort': sort }),
}

export const headHeight = 32
const grid = 'grid gap-3 grid-cols-[minmax(0,1fr)_84px_64px_84px] md:grid-cols-[minmax(0,2fr)_84px_92px_minmax(0,2fr)_72px_80px_60px_88px]'
const columns = ['agent', 'role', 'status', 'doing', 'tokens', 'cost', 'errors', 'last event'] as const
type Column = (typeof columns)[number]
/** Figures stand to the right. On a narrow screen some columns give way. */
const place = (column: Column) =>
  `${['tokens', 'cost', 'errors', 'last event'].includes(column) ? 'text-right tabular-nums' : ''} ${['role', 'doing', 'cost', 'errors'].includes(column) ? 'max-md:hidden' : ''}`

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

export function TableRow({ id }: { readonly id: string }) {
  const { agent, title, now, selected, select } = useAgent(id)
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const cells = [
    <Pick key="agent" agent={agent} words={look.words} selected={selected} select={select} />,
    <Role key="role" role={agent.role?.value} />,
    <Badge key="status" look={look} />,
    <span key="doing" className="block truncate text-xs text-soft" title={visible(doing(agent, title, now).text)}>
      {visible(doing(agent, title, now).text)}
    </span>,
    compact(tokensOf(agent)),
    dollars(agent.totals.costMicros),
    agent.totals.errors === 0 ? (
      <span key="errors" className="text-faint">
        –
      </span>
    ) : (
      <span key="errors" className="text-bad">
        ✕ {compact(agent.totals.errors)}
      </span>
    ),
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
}
