import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useRow } from '../../live/live.ts'
import { useRates } from '../../rates/live.ts'
import { ratesOf } from '../../rates/sums.ts'
import { compact, dollars, visible, whole } from '../../text.ts'
import { nameOf } from './agent.ts'
import type { Grouping, Head } from './order.ts'
import { roles } from './table.tsx'

interface GroupHeadProps {
  readonly head: Head
  readonly grouping: Grouping
  readonly inTable: boolean
  /** Small, above dots. */
  readonly low?: boolean
  readonly fold: (name: string) => void
}

export function GroupHead({ head: { name, count, busy, troubled, members, isFolded }, ...rest }: GroupHeadProps) {
  const { grouping, inTable, low = false, fold } = rest
  const manager = useRow('agents', grouping === 'manager' ? name : undefined)
  const run = useRow('runs', grouping === 'run' ? name : undefined)
  const { rates, look } = useRates()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a look changes what rates answer
  const rate = useMemo(() => ratesOf(members, rates), [members, rates, look])
  const words = visible(manager !== undefined ? nameOf(manager) : (run?.name?.value ?? name))
  const head = (
    <div className={`flex items-baseline gap-2.5 overflow-hidden text-xs text-faint ${low ? 'h-6 pt-1.5' : 'h-[38px] pt-4'}`}>
      <button
        type="button"
        aria-expanded={!isFolded}
        aria-label={`${isFolded ? 'Open' : 'Fold'} group ${words}`}
        onClick={() => fold(name)}
        className="-ml-1 w-4 shrink-0 rounded text-center hover:text-ink"
      >
        <span aria-hidden="true">{isFolded ? '▸' : '▾'}</span>
      </button>
      <h2 className="min-w-0 truncate font-semibold text-soft" title={visible(name)}>
        {run === undefined ? (
          words
        ) : (
          <Link to="/runs/$run" params={{ run: run.id }} className="hover:text-accent">
            {words}
          </Link>
        )}
      </h2>
      <span className="tabular-nums">{whole(count)}</span>
      {busy > 0 && grouping !== 'status' && <span className="whitespace-nowrap tabular-nums text-busy">▶ {whole(busy)} busy</span>}
      {troubled > 0 && <span className="whitespace-nowrap tabular-nums text-bad">✕ {whole(troubled)} in trouble</span>}
      {rate !== undefined && rate.tokensPerMinute > 0 && (
        <span className="whitespace-nowrap tabular-nums max-md:hidden">{compact(rate.tokensPerMinute)} tok/min</span>
      )}
      {rate !== undefined && rate.costMicrosPerHour > 0 && (
        <span className="whitespace-nowrap tabular-nums max-md:hidden">{dollars(rate.costMicrosPerHour)}/h</span>
      )}
    </div>
  )
  if (!inTable) return head
  return (
    <div {...roles.row}>
      <div {...roles.cell}>{head}</div>
    </div>
  )
}
