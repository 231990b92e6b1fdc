import { agentLook, Badge } from '../../parts/status.tsx'
import { age, compact, dollars, visible } from '../../text.ts'
import { isSortable, nextSorting, type Sorting, tokensOf } from './order.ts'
import { doing, Pick, Role, useAgent } from './tile.tsx'

export const rowHeight = 34

/** The virtual list places the rows, which a <table> does not allow: its roles, by hand. */
export const roles = {
  row: { role: 'row' },
  cell: { role: 'cell' },
  columnheader: (sort: 'none' | 'ascending' | 'descending' | undefined) => ({ role: 'columnheader', 'aria-sort': sort }),
}

const grid = 'grid grid-cols-[2fr_90px_100px_2fr_90px_90px_90px] gap-3'
const columns = ['agent', 'role', 'status', 'doing', 'tokens', 'cost', 'last event'] as const
const isFigure = (column: (typeof columns)[number]) => ['tokens', 'cost', 'last event'].includes(column)

export function TableHead({ sorting, sort }: { readonly sorting: Sorting | undefined; readonly sort: (by: string) => void }) {
  return (
    <div {...roles.row} className={`${grid} mx-4 border-b border-line px-2 py-1.5 text-xs font-medium text-faint`}>
      {columns.map((column) => {
        const direction = sorting?.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'
        return (
          <span
            key={column}
            {...roles.columnheader(isSortable(column) ? direction : undefined)}
            className={isFigure(column) ? 'text-right' : ''}
          >
            {isSortable(column) ? (
              <button
                type="button"
                onClick={() => sort(nextSorting(column, sorting))}
                className={`whitespace-nowrap capitalize hover:text-ink ${direction === 'none' ? '' : 'text-ink'}`}
              >
                {column}
                <span aria-hidden="true">{{ none: '', ascending: ' ↑', descending: ' ↓' }[direction]}</span>
              </button>
            ) : (
              <span className="capitalize">{column}</span>
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
    <span key="doing" className="block truncate text-xs text-soft">
      {visible(doing(agent, title, now).text)}
    </span>,
    compact(tokensOf(agent)),
    dollars(agent.totals.costMicros),
    <span key="age" className="text-faint">
      {age(now - agent.lastSeenAt)}
    </span>,
  ]
  return (
    <div
      {...roles.row}
      className={`relative h-[33px] w-full ${grid} items-center border-b border-line/60 px-2 hover:bg-raised ${selected ? 'bg-accent/10' : ''}`}
    >
      {cells.map((cell, at) => (
        <span key={columns[at]} {...roles.cell} className={`min-w-0 ${at >= 4 ? 'text-right tabular-nums' : ''}`}>
          {cell}
        </span>
      ))}
    </div>
  )
}
